"""Notify: whoever asked is told of what arrived, at least once, in order, however long it takes.

changes (what an arrival means) → matcher (whom it concerns) → matching (what is due, with the cursor) →
outbox (what there is to say now) → delivery (in order, many at once) → webhook, mail, websub (how it is said).
Who reads by itself: feed (what is behind a place) → window (the newest, looked up once for all) → reader;
feed_pages (newest first, on pages that stay).
"""
