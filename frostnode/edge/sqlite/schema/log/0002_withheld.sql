-- What this node does not show, and what of it is still to be overwritten.

ALTER TABLE withheld_leaf ADD COLUMN header BLOB;   -- digest of the header's CID; NULL when it was never here
CREATE INDEX withheld_leaf_by_hash ON withheld_leaf (hash) WHERE state <> 'absent';
CREATE INDEX withheld_leaf_by_header ON withheld_leaf (header) WHERE header NOT NULL;

CREATE TABLE block (
    id     INTEGER PRIMARY KEY,
    did    TEXT NOT NULL,
    type   TEXT NOT NULL,                           -- both empty: the whole publisher
    key    TEXT NOT NULL,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL,
    UNIQUE (did, type, key)
) STRICT;

CREATE TABLE blocked_body (                         -- named by what is blocked, and by nothing that is shown
    digest BLOB NOT NULL,
    block  INTEGER NOT NULL REFERENCES block (id),
    PRIMARY KEY (digest, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE scrub (                                -- where bytes of what was erased may still lie
    place   TEXT PRIMARY KEY,
    arrival INTEGER NOT NULL                        -- erased up to this one
) STRICT, WITHOUT ROWID;

-- A database of an earlier program did not overwrite what it let go of: the first erasure rebuilds it.
INSERT INTO scrub SELECT 'file', 0 WHERE EXISTS (SELECT 1 FROM publisher);
