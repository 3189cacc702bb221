-- Where a record stands among all that was ever kept; 0 is before that was counted. Numbers of what is forgotten do not come again.
ALTER TABLE local ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE local ADD COLUMN is_changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE local ADD COLUMN read_ms INTEGER;

CREATE TABLE last (
    number INTEGER NOT NULL
) STRICT;

INSERT INTO last VALUES (0);
