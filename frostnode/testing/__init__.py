"""Fakes that behave, for tests of the node and of what is built on it.

    clock      clocks that move when told, or with the running trio
    random     chance from a seed, the same at every run
    worker     blocking work without threads
    loopback   HTTP servers that say exactly what a test wants
    static_export  the static paths of a store as files
    peers      nodes that follow each other over loopback
    pushing    nodes that offer to each other over loopback
    faults     a store and a signer that fail at a chosen step
    publisher  a publisher with real keys, from a seed: moves, recovers, makes entries
    memory_publisher  a publisher whose logs are frames in memory
    archives   archives of publishers in memory, as odd as a test wants them
    equivocation  a publisher that tells two stories, and the evidence of that
    own_home   store, signer and sequencer in one folder, for crashes and faults
    memory_index   a search index in memory, slow and plainly right
    plain_words    the words of a text without a search index
    memory_catalog   the catalog view, told plainly: what every rebuild of a simulated machine is held against
    memory_notices   a store of notices in memory
    memory_local   local records in memory
    memory_witness   a witness whose memory is no file
    memory_files   files without a disk
    simulation     whole networks in one process, the same at every run
    namespaces     machines of their own on one machine, for real processes

Nothing outside the tests imports these. Each keeps the contract of the port that it stands for, and is
tested against it beside the real thing.
"""
