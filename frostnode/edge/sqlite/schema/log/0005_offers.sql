-- Nodes that are pushed to (spec/05-sync.md#offers): who asked for it by a lease, and what each was offered.

CREATE TABLE lease (
    node    BLOB PRIMARY KEY,                       -- its node key, 32 bytes
    url     TEXT NOT NULL,                          -- where a node with that key answered
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE offered (
    node    BLOB PRIMARY KEY,
    arrival INTEGER NOT NULL                        -- all up to here was offered and is settled
) STRICT, WITHOUT ROWID;
