"""The publisher's own acts, done with the keys that no host holds.

    kits      the files in which authority and recovery seeds are kept, and the keys made from them
    create    a new identity: its genesis event, and with that its DID

Nothing here reads or writes a file, asks for a passphrase or draws chance: all of it comes in as arguments.
"""
