"""What searches mean: the language that people type, what a record is found by, which hit comes first.

Pure: it is fed records and texts; how they are kept and looked up is the business of `frostnode.search_port`.
"""
