"""Carry logs between nodes, trusting none.

`serve` turns what is held into frames, `static` turns the static paths of any web server into the same
frames, `ingest` judges frames and stores what they prove, `follow` keeps one peer's stream open.
"""
