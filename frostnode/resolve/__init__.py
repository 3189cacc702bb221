"""Whom names of the world outside lead to: domains are asked which publishers are theirs, and asked again.

What a domain says is a hint with a date. It is believed only together with the profile of the publisher.
"""
