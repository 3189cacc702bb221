"""What a home keeps, in SQLite: one module per concern, `store` is the door.

    connection   one connection; errors become StorageError there and nowhere else
    pool         one writer and many readers of one database
    migrations   numbered SQL files, schema/<database>/NNNN_<what>.sql
    rows         how rows are named
    *_reader     what is held, by concern; `reader` is all of them
    *_writer     how it changes within a transaction; `writer` is all of them
    erasure      what is taken out for good
    audit        everything as it is stored, for fsck
    store        the log store, over all of these
    catalog      the catalog view, a database of its own

Nothing outside this package sees SQL, a row or an error of the library.
"""
