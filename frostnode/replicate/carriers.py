"""Who may have what a publisher has signed: the nodes to be asked before a host signs, or an owner moves."""

from frostnode.ports import LogReader
from frostnode.protocol.names import Did


def carriers_of(reader: LogReader, did: Did) -> list[str]:
    """The URLs of all nodes that are known here: hosts of the publisher's epochs, peers, and who asked to be pushed to.

    The newest host first: where it is alive it has most.
    """
    history = reader.history(did)
    hosts = [standing.url for standing in reversed(history.standing)] if history is not None else []
    found = [*hosts, *(peer.url for peer in reader.peers()), *(lease.url for lease in reader.leases())]
    return list(dict.fromkeys(url for url in found if url))
