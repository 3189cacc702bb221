"""Every command of `frost`, in the order in which people meet them."""

from typing import Final

import click

from frostnode.cli.archive import export, import_archive
from frostnode.cli.evidence import evidence
from frostnode.cli.follow import follow, sync, unfollow
from frostnode.cli.importing import import_group
from frostnode.cli.init import init
from frostnode.cli.kit import kit_group
from frostnode.cli.lineage import citations, derive, lineage
from frostnode.cli.look import log, search, show, similar, status
from frostnode.cli.maintain import fsck, reindex
from frostnode.cli.move import move, recover, rotate
from frostnode.cli.names import handle, resolve
from frostnode.cli.orphans import orphans, republish
from frostnode.cli.peers import peers
from frostnode.cli.policy import policy
from frostnode.cli.proof import proof, verify
from frostnode.cli.publish import edit, publish, withdraw
from frostnode.cli.serve import serve, start
from frostnode.cli.sign import sign
from frostnode.cli.subscribe import inbox, subscribe, subscriptions, unsubscribe
from frostnode.cli.token import token
from frostnode.cli.versions import deprecate, diff, version, versions
from frostnode.cli.watch import watch
from frostnode.cli.withhold import block, erase, unblock, withheld

COMMANDS: Final[list[click.Command]] = [
    init,
    serve,
    start,
    kit_group,
    publish,
    edit,
    withdraw,
    version,
    versions,
    diff,
    deprecate,
    derive,
    lineage,
    citations,
    import_group,
    follow,
    unfollow,
    peers,
    sync,
    policy,
    subscribe,
    unsubscribe,
    subscriptions,
    inbox,
    watch,
    token,
    search,
    similar,
    show,
    log,
    resolve,
    handle,
    proof,
    verify,
    export,
    import_archive,
    erase,
    block,
    unblock,
    withheld,
    move,
    rotate,
    recover,
    sign,
    orphans,
    republish,
    evidence,
    fsck,
    reindex,
    status,
]
