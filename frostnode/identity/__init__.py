"""The publisher's own acts, done with the keys that no host holds.

    kits      the files in which authority and recovery seeds are kept, and the keys made from them
    create    a new identity: its genesis event, and with that its DID
    acts      the events after it: to another host, to other kits, away from a thief
    event_file  a signed event as it is kept until it is sent

Nothing here reads or writes a file, asks for a passphrase or draws chance: all of it comes in as arguments.
"""
