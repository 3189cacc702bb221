-- What the carry policy needs to remember (spec/10-carrying.md): what was taken from whom, what was refused.
-- A share is the URL of a followed node, or * for all others together.

CREATE TABLE taken (
    publisher     INTEGER NOT NULL REFERENCES publisher (id),
    share         TEXT NOT NULL,
    unknown       INTEGER NOT NULL,                 -- 1: counts to what its share may bring of unknown publishers
    publishers    INTEGER NOT NULL,                 -- 1 in the share that brought the publisher first
    entries       INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    subscriptions INTEGER NOT NULL,
    PRIMARY KEY (publisher, share)
) STRICT, WITHOUT ROWID;

CREATE TABLE share (
    name               TEXT PRIMARY KEY,
    day                INTEGER NOT NULL DEFAULT 0,  -- since 1970, UTC
    publishers         INTEGER NOT NULL DEFAULT 0,  -- taken in that day
    entries            INTEGER NOT NULL DEFAULT 0,
    bytes              INTEGER NOT NULL DEFAULT 0,
    subscriptions      INTEGER NOT NULL DEFAULT 0,
    unknown_publishers INTEGER NOT NULL DEFAULT 0,  -- the sums of `taken` where unknown = 1
    unknown_entries    INTEGER NOT NULL DEFAULT 0,
    unknown_bytes      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal (
    did    TEXT NOT NULL,                           -- '': all that are not remembered one by one
    peer   TEXT NOT NULL,
    code   TEXT NOT NULL,
    reason TEXT NOT NULL,
    what   TEXT NOT NULL,                           -- origin of a log, or '' for the publisher
    host   TEXT NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    again  INTEGER NOT NULL,                        -- when it is looked at again
    times  INTEGER NOT NULL,
    PRIMARY KEY (did, peer)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_by_peer ON refusal (peer);
CREATE INDEX refusal_by_again ON refusal (again);
CREATE INDEX refusal_by_last ON refusal (last);

CREATE TABLE not_carried (                          -- held, and by the policy neither shown nor served
    did TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Of what is held already nobody knows who brought it, nor how many bytes it was.
INSERT INTO taken SELECT publisher, '*', 0, 1, sum(size), 0, 0 FROM log GROUP BY publisher;
