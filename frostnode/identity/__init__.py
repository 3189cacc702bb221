"""The publisher's own acts, done with the keys that no host holds.

    kits          the files in which authority and recovery seeds are kept, and the keys made from them
    words         a kit as 24 words, and back
    sheet         a kit on paper: a page with its file as QR code
    commitments   to the kits of one or several people, m of n
    create        a new identity: its genesis event, and with that its DID
    fit           whether a kit fits a history, shown without using it
    acts          the events after it: to another host, to other kits, away from a thief
    drafts        an event that several people sign, each on a machine of one's own
    event_file    a signed event as it is kept until it is sent

Nothing here reads or writes a file of anybody, asks for a passphrase or draws chance: all of it comes in as arguments.
"""
