-- Which peer offers which log, and which peers were found rather than added.

ALTER TABLE peer ADD COLUMN listed INTEGER;         -- NULL: added by the operator; else when another last listed it

CREATE TABLE source (
    log  INTEGER NOT NULL REFERENCES log (id),
    peer TEXT NOT NULL REFERENCES peer (url) ON DELETE CASCADE,
    size INTEGER NOT NULL,                          -- of the largest tree that it has shown
    PRIMARY KEY (log, peer)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_by_peer ON source (peer);
