-- The memory of a signer: the last tree of each log that its key has signed. It must never go back.

CREATE TABLE signed (
    origin TEXT PRIMARY KEY,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    note   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
