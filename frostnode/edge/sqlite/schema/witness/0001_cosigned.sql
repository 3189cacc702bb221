-- The memory of a witness: the last tree of each log that its key has cosigned. It must never go back.

CREATE TABLE cosigned (
    digest BLOB PRIMARY KEY,                        -- SHA-256 of the origin: its name on the read path
    origin TEXT NOT NULL UNIQUE,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    time   INTEGER NOT NULL,                        -- seconds since 1970, as the cosignature says
    note   BLOB NOT NULL                            -- the checkpoint, the line of its log, our line
) STRICT, WITHOUT ROWID;
