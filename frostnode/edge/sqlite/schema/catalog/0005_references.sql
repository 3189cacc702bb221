-- What the body of an entry refers to, in one spelling each, and the exact entry that it names. The view is built anew with it.
CREATE TABLE reference (
    entry INTEGER NOT NULL REFERENCES entry,
    place INTEGER NOT NULL,
    role  TEXT NOT NULL,
    name  TEXT NOT NULL,
    pin   BLOB,
    PRIMARY KEY (entry, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_by_name ON reference (name, role, entry);
CREATE TRIGGER entry_refers_no_more AFTER DELETE ON entry BEGIN
    DELETE FROM reference WHERE entry = old.id;
END;
DELETE FROM record;
DELETE FROM entry;
DELETE FROM log;
DELETE FROM publisher;
UPDATE cursor SET arrival = 0, mark = x'', begun = randomblob(16);
