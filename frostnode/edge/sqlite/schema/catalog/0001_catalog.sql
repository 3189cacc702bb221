-- The catalog view: rebuilt from arrivals whenever it is missing.
CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), arrival INTEGER NOT NULL) STRICT;
INSERT INTO cursor VALUES (1, 0);

CREATE TABLE publisher (id INTEGER PRIMARY KEY, did TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE log (id INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE) STRICT;

-- One row for each entry that counts and can be read.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    publisher INTEGER NOT NULL REFERENCES publisher,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    log INTEGER NOT NULL REFERENCES log,
    header BLOB NOT NULL,
    op TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    body BLOB,
    size INTEGER NOT NULL,
    title TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_by_record ON entry (publisher, type, key, epoch, leaf);
CREATE UNIQUE INDEX entry_by_leaf ON entry (log, leaf);
CREATE INDEX entry_by_header ON entry (header);

-- The current entry of each record: the last by (epoch, leaf).
CREATE TABLE record (
    publisher INTEGER NOT NULL REFERENCES publisher,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    entry INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (publisher, type, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_by_type ON record (withdrawn, publisher, type);
CREATE INDEX record_by_time ON record (withdrawn, seen_ms);
