-- Trees that contradict each other: what proves it, and what becomes of the one that lost.

-- The signed tree that the leaves behind the served ones begin: its note, and the hashes of what lies to
-- the right of the leaves held, one after the other. So a fork can be shown before the tree is complete.
ALTER TABLE log ADD COLUMN ahead BLOB;
ALTER TABLE log ADD COLUMN beyond BLOB;

-- 1: the leaves held up to the end of the epoch are not those of its end.
ALTER TABLE log ADD COLUMN astray INTEGER NOT NULL DEFAULT 0;
CREATE INDEX log_astray ON log (publisher) WHERE astray = 1;

CREATE TABLE stray (                                -- leaves of a tree that lost: kept, served to nobody
    arrival INTEGER NOT NULL REFERENCES arrival (number), -- that took them out of their log
    start   INTEGER NOT NULL,
    leaves  BLOB NOT NULL,                          -- entry bundle
    PRIMARY KEY (arrival, start)
) STRICT, WITHOUT ROWID;

-- Proof that the key of an epoch has signed two trees; log.frozen is 1 where there is a row.
CREATE TABLE evidence (
    log     INTEGER PRIMARY KEY REFERENCES log (id),
    smaller BLOB NOT NULL,                          -- signed notes
    larger  BLOB NOT NULL,
    proof   BLOB NOT NULL                           -- hashes, one after the other
) STRICT;
CREATE INDEX log_disputed ON log (origin) WHERE frozen = 1;
