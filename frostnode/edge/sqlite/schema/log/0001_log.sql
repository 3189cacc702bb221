-- What a home holds of logs: identities, the log of each epoch, bodies, arrivals, peers.
-- spec/decisions/0007-storage-layout.md says why it is laid out so. Digests and hashes are 32 bytes of
-- SHA-256, times milliseconds since 1970, and `log << 32 | n` makes one key of two numbers.

CREATE TABLE store (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    database BLOB NOT NULL                          -- 16 random bytes, in every cursor
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- identities ----------------------------------------------------------------------------------------

CREATE TABLE publisher (
    id     INTEGER PRIMARY KEY,
    did    TEXT NOT NULL UNIQUE,
    tip    BLOB,                                    -- digest of the last event that counts
    forked INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE event (
    id        INTEGER PRIMARY KEY,                  -- ancestors first
    publisher INTEGER NOT NULL REFERENCES publisher (id),
    digest    BLOB NOT NULL,
    signed    BLOB NOT NULL,                        -- as it came
    UNIQUE (publisher, digest)
) STRICT;

CREATE TABLE choice (                               -- which event is followed where several may come
    publisher INTEGER NOT NULL REFERENCES publisher (id),
    kind      TEXT NOT NULL,
    place     BLOB NOT NULL,                        -- digest of the event below which they compete
    event     BLOB,                                 -- digest of the one followed; NULL: neither, so far
    PRIMARY KEY (publisher, kind, place)
) STRICT, WITHOUT ROWID;

-- logs ----------------------------------------------------------------------------------------------

CREATE TABLE log (
    id         INTEGER PRIMARY KEY,
    origin     TEXT NOT NULL UNIQUE,
    publisher  INTEGER NOT NULL REFERENCES publisher (id),
    epoch      INTEGER NOT NULL,
    event      BLOB NOT NULL,                       -- digest of the event that opened it
    key        BLOB,
    node       BLOB,
    url        TEXT,
    counts     INTEGER NOT NULL DEFAULT 0,          -- 0: a void epoch, its entries are orphans
    accepts    INTEGER NOT NULL DEFAULT 0,          -- the open epoch of an identity that is not forked
    end_size   INTEGER,
    end_root   BLOB,
    size       INTEGER NOT NULL DEFAULT 0,          -- leaves held
    edge       BLOB NOT NULL DEFAULT x'',           -- hashes of their compact range, left to right
    served     INTEGER NOT NULL DEFAULT 0,
    checkpoint BLOB,
    frozen     INTEGER NOT NULL DEFAULT 0,
    tail       BLOB NOT NULL DEFAULT x''            -- the entry bundle that is not full yet
) STRICT;
CREATE INDEX log_by_publisher ON log (publisher);
CREATE INDEX log_that_counts ON log (publisher, epoch) WHERE counts = 1;

CREATE TABLE bundle (                               -- full ones only
    id     INTEGER PRIMARY KEY,                     -- log << 32 | n
    leaves BLOB NOT NULL                            -- C2SP entry bundle, zero length where withheld
) STRICT;

CREATE TABLE tile (                                 -- levels from 1 up; level 0 follows from the bundles
    id     INTEGER PRIMARY KEY,                     -- log << 32 | level << 28 | n
    hashes BLOB NOT NULL
) STRICT;

CREATE TABLE withheld_leaf (
    log    INTEGER NOT NULL REFERENCES log (id),
    leaf   INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    state  TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (log, leaf)
) STRICT, WITHOUT ROWID;

-- bodies --------------------------------------------------------------------------------------------

CREATE TABLE pack (
    id     INTEGER PRIMARY KEY,
    bodies BLOB NOT NULL                            -- one after the other; zeros where one was erased
) STRICT;

CREATE TABLE body (
    digest BLOB PRIMARY KEY,
    pack   INTEGER NOT NULL,
    start  INTEGER NOT NULL,
    size   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE withheld_body (
    digest BLOB PRIMARY KEY,
    log    INTEGER NOT NULL REFERENCES log (id),    -- an entry that names it
    leaf   INTEGER NOT NULL,
    state  TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- the arrival sequence ------------------------------------------------------------------------------

CREATE TABLE arrival (
    number    INTEGER PRIMARY KEY,                  -- from 1, without gap
    kind      TEXT NOT NULL,
    publisher INTEGER NOT NULL REFERENCES publisher (id),
    log       INTEGER REFERENCES log (id),
    start     INTEGER NOT NULL,
    stop      INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    tag       BLOB NOT NULL                         -- 8 random bytes: tells a restored copy from this one
) STRICT;
CREATE INDEX arrival_by_publisher ON arrival (publisher, number);

-- the neighbours ------------------------------------------------------------------------------------

CREATE TABLE peer (
    url       TEXT PRIMARY KEY,
    cursor    BLOB,                                 -- the peer's, opaque
    added     INTEGER NOT NULL,
    last_seen INTEGER,
    error     TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE followed (
    did TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE hosted (
    origin    TEXT PRIMARY KEY,
    did       TEXT NOT NULL,
    key_label TEXT NOT NULL                         -- of its log key under the host seed
) STRICT, WITHOUT ROWID;
