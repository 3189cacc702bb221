"""What searches mean: the language that people type, what a record is found by, which hit comes first.

Pure: it is fed records and texts; how they are kept and looked up is the business of `frostnode.search_port`.
In reading order:

    query          a search as a value
    values         values of fields in one spelling, days and places
    language       text, read as a query
    printing       a query, printed as text; with a value more or less
    document       what a record is found by
    meaning        what a query asks for, put in order
    matching       whether a document is what a query asks for: the rule that indexes keep
    saved_search   searches that stand
    subscription_target  what somebody wants to be told of
"""
