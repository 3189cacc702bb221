"""Whole networks in one process, the same at every run: the production code over a simulated world.

    world          a network of machines from a seed and options: trouble, then healing, checks all along
    scenarios      worlds by name: what is known to be hard, each alone
    moves          those in which publishers leave their hosts, and keys are stolen
    leaving        the one in which a platform leaves files behind and nothing else
    scenario       what a scenario is, and how people work in it
    deeds          what people do in a scenario until it is done, and what they look at
    options        what a seed draws: how many machines, who follows whom, which faults and how bad
    machine        one honest node on its disk: starts, crashes, comes back with what power left
    owner          a publisher with its kits, and what its owner does: moves, rotates, recovers
    workload       what people do: publish, change, withdraw, search
    nemesis        what goes wrong meanwhile
    liars          peers that break the rules, each a small program over the protocol

    scheduling     time that jumps, and tasks in an order that the seed decides
    trace          what happened, its digest, the last events for people
    clock          a wall clock that is wrong, drifts and steps
    worker         blocking work that takes time without threads
    disk           files that lose what was not synced when power fails; full, failing, old ones
    drive          files that people carry from machine to machine
    faults         how bad the network is, and what happens to one exchange
    network        who reaches whom
    transport      httpx over that network
    answer         one request at an application, and its answer

    store          a store whose every commit is looked at
    oracle         what the world knows and no node is asked: receipts, signatures, arrivals
    watch          what must be true at every commit
    image          what must be true of every disk that a crash left
    harmony        what must be true in the end: all honest nodes hold the same
    violation      what is reported when it is not

Nothing here decides what a node does: a machine gives it ports and takes them away.
"""
