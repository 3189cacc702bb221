-- Tells this building of the view from every other: what was looked up in an earlier one may not be in the store any more.
ALTER TABLE cursor ADD COLUMN begun BLOB NOT NULL DEFAULT x'';
UPDATE cursor SET begun = randomblob(16);
