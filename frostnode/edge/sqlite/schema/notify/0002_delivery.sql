-- Who failed the last time, or took long to answer, waits among its like: each form has places for both.
ALTER TABLE watch ADD COLUMN is_slow INTEGER NOT NULL DEFAULT 0;
DROP INDEX watch_that_waits;
CREATE INDEX watch_that_waits ON watch (form, is_slow, next_ms, id)
    WHERE waiting > 0 AND state IN ('live', 'behind');
CREATE INDEX watch_by_next_try ON watch (next_ms) WHERE waiting > 0 AND state IN ('live', 'behind');
CREATE INDEX watch_by_form ON watch (form, address);
CREATE INDEX watch_that_expires ON watch (expires_ms) WHERE expires_ms IS NOT NULL;
