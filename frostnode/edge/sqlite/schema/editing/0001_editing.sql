-- Ways to sign in with a browser: of secrets only hashes.
CREATE TABLE link (
    digest     BLOB NOT NULL PRIMARY KEY,
    token      TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    digest     BLOB NOT NULL PRIMARY KEY,
    token      TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    is_own     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was typed into forms and is not published.
CREATE TABLE draft (
    did        TEXT NOT NULL,
    id         TEXT NOT NULL,
    type       TEXT NOT NULL,
    title      TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    typed      BLOB NOT NULL,
    PRIMARY KEY (did, id)
) STRICT;
