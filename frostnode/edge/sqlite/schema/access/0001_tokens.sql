-- Who may write through the API: of secrets only hashes.
CREATE TABLE token (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    scopes     TEXT NOT NULL,
    did        TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER
) STRICT, WITHOUT ROWID;

-- Requests that name themselves by a key, and what was answered; without an answer they are under way, or were when power failed.
CREATE TABLE attempt (
    token    TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    request  BLOB NOT NULL,
    begun_ms INTEGER NOT NULL,
    size     INTEGER NOT NULL DEFAULT 0,
    answer   BLOB,
    PRIMARY KEY (token, key)
) STRICT;

CREATE INDEX attempt_begun ON attempt (begun_ms);
