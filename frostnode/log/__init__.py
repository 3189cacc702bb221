"""Order entries, commit to them, sign the head; check what is held.

    sequencer   the one way into an own log: write ahead, sign, reveal
    recent      how a repeated submission is recognised
    service     many callers, one commit
    left        a publisher that was hosted here and is not now
    content     leaves and bodies as what they say
    audit       what fsck asks of a store
    fsck        derive everything again from bytes; fsck_* are its parts
    findings    what it found

Nothing here knows the disk or the wire: store, signer and threads are ports.
"""
