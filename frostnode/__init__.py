"""frostnode: a node of FROST, one network of all scientific catalogs that nobody owns.

A publisher's records go into its own signed append-only log; every node copies the logs that it
carries from whichever peer has them, trusts none of them, and answers searches over all it carries.

The flow of a record, which is also the order to read the code in:

    protocol      what is true: formats, proofs and rules as pure functions; start here
    search        what searches mean: their language, what matches, what stands
    withholding.py  what the store is asked about what a node withholds
    ledger.py     what a home remembers of whom it carries, and from whom
    neighbours.py what a home knows of the nodes around it
    handle_port.py  what a home remembers of handles
    notify_port.py  what a home remembers of who wants to be told
    local_port.py  what a home keeps and never shows
    access_port.py who may write through the API of a node
    editing_port.py who edits in a browser, and what they have begun
    reference_port.py  what the catalog knows of who refers to what
    search_port.py  what the flow asks of a search index
    ports.py      what the flow asks of the world, as Protocols with their guarantees
    wire.py       what the flow asks of the wire
    witness_port.py  the same of a witness key
    files_port.py what exports ask of files and folders
    bell.py       a wake-up that may be lost
    enduring.py   going on after what the disk refused
    log           order entries, commit to them, sign the head; check what is held
    publish       accept records from their publisher
    replicate     carry logs between nodes
    project       fold arrivals into what people look at
    formats       records as other catalogs write them
    resolve       whom domains and other names lead to
    snippets      lines of code that load data from where a record says that it is
    identity      a publisher's own acts: kits, a new identity, its next events
    hosting.py    what a host makes from its seed; a publisher comes to it
    notify        tell whoever asked of what arrived
    operations    everything that can be asked of a node, once for all its faces
    edge          how the world answers: clock, disk, search index, HTTP
    config.py     the settings of a home
    live.py       the stages of a node that runs
    outlets.py    the forms in which a node tells others
    node.py       a node put together: the only place that knows every part
    founding.py   set up a home, once
    cli           the command `frost`
    testing       fakes that behave

A package imports only from those above it in this list, and the stages not each other: they are joined
by durable cursors on the arrival sequence (spec/00-overview.md#life-of-a-record). Nothing here runs at
import.
"""

from typing import Final

__version__: Final = "0.1.0"
