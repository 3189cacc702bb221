-- Those who are behind are brought up to date together, from who was told least on.
DROP INDEX watch_that_is_behind;
CREATE INDEX watch_that_is_behind ON watch (told_arrival, told_position, id) WHERE state = 'behind';
