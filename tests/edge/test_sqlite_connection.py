"""What every connection has in common."""

import apsw

from frostnode.edge.sqlite.connection import Database


def test_statements_are_planned_once_whatever_is_bound_to_them(tmp_path):
    database = Database(tmp_path / "a.db")
    assert database._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1
    database.close()
