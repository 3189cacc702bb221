-- The tag of the arrival that the cursor names: it tells whether the store still has the arrivals that were followed.
ALTER TABLE cursor ADD COLUMN mark BLOB NOT NULL DEFAULT x'';
