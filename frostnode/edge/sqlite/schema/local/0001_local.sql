-- Versions and lineage that stay in this home: nothing that serves, copies or exports opens this file.
CREATE TABLE local (
    did     TEXT NOT NULL,
    type    TEXT NOT NULL,
    key     TEXT NOT NULL,
    header  BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (did, type, key)
) STRICT, WITHOUT ROWID;
