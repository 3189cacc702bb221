"""What every connection has in common."""

import apsw

from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.reference_reader import _ITSELF, _REFERRING


def test_statements_are_planned_once_whatever_is_bound_to_them(tmp_path):
    database = Database(tmp_path / "a.db")
    assert database._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1) == 1
    database.close()


def test_who_refers_to_a_name_is_read_in_the_order_of_an_index_however_many_do(tmp_path):
    catalog = SqliteCatalog(tmp_path / "catalog.db")
    with catalog.read() as reader:
        plan = reader._db.all(f"EXPLAIN QUERY PLAN {_REFERRING.format(_ITSELF)}", ("name", "target", 9))
    assert any("reference_by_name" in row[-1] for row in plan)
    assert not any("TEMP B-TREE" in row[-1] for row in plan)
    catalog.close()
