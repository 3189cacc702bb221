"""Fold arrivals into what people look at: the catalog of current records, then the search index.

Each view follows the arrival sequence behind its own durable cursor, and equals its rebuild.
"""
