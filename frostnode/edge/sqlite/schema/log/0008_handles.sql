-- What became of publishers' claims to domains: a cache with its times, never the claim itself, which is in the profile.
CREATE TABLE handle (
    did      TEXT PRIMARY KEY,
    handle   TEXT NOT NULL,
    verified INTEGER,                               -- when the domain last named the DID; NULL when it does not
    checked  INTEGER NOT NULL,
    again    INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    how      TEXT NOT NULL,
    reason   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
