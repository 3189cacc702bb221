-- Who wants to be told of what, and what is due to whom. It is no view: what was delivered stands nowhere else.
CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), arrival INTEGER NOT NULL) STRICT;
INSERT INTO cursor VALUES (1, 0);

-- Arrivals up to which was followed lately: where the log store was set back, the newest that it still has is gone on from.
CREATE TABLE mark (arrival INTEGER PRIMARY KEY, tag BLOB NOT NULL) STRICT;

CREATE TABLE watch (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL,
    form TEXT NOT NULL,
    address TEXT NOT NULL,
    secret BLOB NOT NULL,
    behalf TEXT NOT NULL,
    record TEXT NOT NULL,
    state TEXT NOT NULL,
    told_arrival INTEGER NOT NULL,
    told_position INTEGER NOT NULL,
    last TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    digest_s INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failing_since_ms INTEGER,
    next_ms INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    delivered_ms INTEGER,
    waiting INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX watch_that_is_behind ON watch (id) WHERE state = 'behind';
CREATE INDEX watch_that_waits ON watch (next_ms, id) WHERE waiting > 0;

-- A change that at least one is to be told of, or has in the inbox.
CREATE TABLE change (
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    did TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    origin TEXT NOT NULL,
    leaf INTEGER NOT NULL,
    header BLOB,
    body BLOB
) STRICT;

CREATE TABLE due (
    watch INTEGER NOT NULL REFERENCES watch ON DELETE CASCADE,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    change TEXT NOT NULL REFERENCES change (id),
    previous TEXT,
    PRIMARY KEY (watch, number, position, change)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_by_change ON due (change);

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    watch INTEGER NOT NULL REFERENCES watch ON DELETE CASCADE,
    change TEXT NOT NULL REFERENCES change (id),
    previous TEXT,
    read_ms INTEGER,
    UNIQUE (change, watch)
) STRICT;
CREATE INDEX inbox_by_reading ON inbox (read_ms, id);

-- `waiting` counts what is due; a change goes with the last who was to be told of it.
CREATE TRIGGER due_is_added AFTER INSERT ON due BEGIN
    UPDATE watch SET waiting = waiting + 1 WHERE id = new.watch;
END;
CREATE TRIGGER due_is_done AFTER DELETE ON due BEGIN
    UPDATE watch SET waiting = waiting - 1 WHERE id = old.watch;
    DELETE FROM change WHERE id = old.change
        AND NOT EXISTS (SELECT 1 FROM due WHERE due.change = old.change)
        AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.change = old.change);
END;
CREATE TRIGGER item_is_gone AFTER DELETE ON inbox BEGIN
    DELETE FROM change WHERE id = old.change
        AND NOT EXISTS (SELECT 1 FROM due WHERE due.change = old.change)
        AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.change = old.change);
END;
