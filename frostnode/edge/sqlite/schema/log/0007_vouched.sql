-- Trusted witnesses that cosigned epochs of an identity that is forked, until it is decided.

CREATE TABLE vouched (
    publisher INTEGER NOT NULL REFERENCES publisher (id),
    event     BLOB NOT NULL,                        -- digest of the event that opened the epoch
    witness   TEXT NOT NULL,                        -- verifier key
    PRIMARY KEY (publisher, event, witness)
) STRICT, WITHOUT ROWID;
CREATE INDEX publisher_that_is_forked ON publisher (did) WHERE forked = 1;
