"""What is true: the formats, proofs and rules of FROST as pure functions and frozen values.

Rules:
- nothing here fetches, waits, remembers or guesses: bytes, keys and times are arguments;
- any bytes from outside parse or raise an error of `errors`, and no other exception;
- every form but the canonical one is refused where it is decoded, and only there;
- a module imports from this package, from codecs, and nothing that reaches the world.

In reading order; each cites its chapter of spec/README.md:

    errors         everything that can go wrong, as a tree with stable codes
    limits         every bound
    base32         the text of content identifiers
    dagcbor        canonical bytes and content identifiers
    dagjson        the same values as JSON, without loss
    json_object    JSON that others wrote: an object, or none
    names          DIDs, DID URLs, record types and keys, origins
    handles        domains that name publishers, and what a domain says of that
    identifiers    what the world calls things, each in one spelling
    keys           one strict Ed25519 rule; keys in bytes and text
    dates          a moment in words
    identity_form  identity events as values and bytes
    identity       who must have signed one, and what its ancestors allow
    event_tree     the tree of a publisher's events, and the path through it that counts
    standing       what follows from the path for logs: which are open, ended, disputed
    history        all of a publisher's events: taken, kept waiting, refused
    duplicity      two histories that one publisher signed: told, and handed on with a proof
    entry          header and body of one entry
    named_body     which body a leaf names, quickly
    record_shapes  the shapes that fields of records may have
    records        record types and their fields
    references     what a record refers to, and versions of datasets
    lineage        what was made from what, up and down, and what of it is out of date
    citations      what was built on somebody's data, by kind
    changes        what differs between two records
    did_document   a publisher as W3C DID Core describes one
    catalog        the fold from entries to current records
    notice         one change, told to one who asked
    standard_webhooks  messages that any receiver can verify
    merkle         tree hashes, compact ranges, inclusion and consistency
    range_proof    many neighbouring leaves with one proof
    tiles          the tree as static files
    note           signed notes
    checkpoint     tree heads and cosignatures
    cosigners      witnesses, and what their lines in a note are worth
    witness        requests to cosign, and the rule by which they are judged
    tlog_policy    whose word is enough
    log_state      what a node holds of one epoch's log
    proofs         one record with its proof as one file
    evidence       what proves that an epoch was signed two ways: made, checked, as one file
    head_ranges    in which logs two nodes differ
    frames         the sync stream, between bytes and values
    growth         leaves behind those that a log has, and what they make of its tree
    leaf_run       the leaves of one frame with what their proof leads to
    withheld       what a node withholds, and passes over
    signature_fields   the header fields of a signed request
    request_signature  requests from node to node, signed and verified
    replay_window  the requests that came lately, so that none counts twice
    journal        what is remembered of a batch until it is stored
    follow_actions what a follower answers to a frame
    follow_witnesses what a follower makes of cosignatures
    follow_held    what is held, with what a batch brings on top
    follow         the follower without I/O: frames in, what may be taken out
    car            CAR files: blocks that carry their CIDs
    archive        a publisher as one file, between blocks and frames
    archive_check  what such a file proves, offline
"""
