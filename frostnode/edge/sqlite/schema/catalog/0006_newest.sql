-- The newest records of a publisher, of a type, and of both, without looking at all others; and how many there are of each.
DROP INDEX record_by_type;
CREATE INDEX record_of_publisher ON record (publisher, withdrawn, seen_ms);
CREATE INDEX record_of_type ON record (type, withdrawn, seen_ms);
CREATE INDEX record_of_both ON record (publisher, type, withdrawn, seen_ms);

CREATE TABLE record_count (
    publisher INTEGER NOT NULL REFERENCES publisher,
    type TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (publisher, type)
) STRICT, WITHOUT ROWID;
INSERT INTO record_count SELECT publisher, type, count(*) FROM record WHERE withdrawn = 0 GROUP BY publisher, type;
CREATE TRIGGER record_is_new AFTER INSERT ON record WHEN new.withdrawn = 0 BEGIN
    INSERT INTO record_count VALUES (new.publisher, new.type, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER record_is_gone AFTER DELETE ON record WHEN old.withdrawn = 0 BEGIN
    UPDATE record_count SET count = count - 1 WHERE publisher = old.publisher AND type = old.type;
END;
CREATE TRIGGER record_changes AFTER UPDATE OF withdrawn ON record WHEN new.withdrawn != old.withdrawn BEGIN
    INSERT INTO record_count VALUES (new.publisher, new.type, old.withdrawn - new.withdrawn)
    ON CONFLICT DO UPDATE SET count = count + old.withdrawn - new.withdrawn;
END;
