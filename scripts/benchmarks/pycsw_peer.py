"""pycsw over SQLite and WSGI, as its documentation sets it up; runs in an environment of its own, with its packages alone.

Called with a folder that has `records.jsonl` (identifier, title, abstract, keywords, anytext; a JSON object a line). Says the port that it
serves at.
"""

import json
import os
import sqlite3
import sys
from contextlib import redirect_stdout
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.sax.saxutils import escape

from pycsw.core.admin import setup_db

_CONFIGURATION = """
[server]
home={home}
url=http://127.0.0.1/
mimetype=application/xml; charset=UTF-8
encoding=UTF-8
language=en-US
maxrecords=100
[manager]
transactions=false
allowed_ips=127.0.0.1
[metadata:main]
identification_title=benchmark
identification_abstract=benchmark
identification_keywords=benchmark
identification_keywords_type=theme
identification_fees=None
identification_accessconstraints=None
provider_name=benchmark
provider_url=http://127.0.0.1/
contact_name=benchmark
contact_position=benchmark
contact_address=benchmark
contact_city=benchmark
contact_stateorprovince=benchmark
contact_postalcode=00000
contact_country=benchmark
contact_phone=0
contact_fax=0
contact_email=benchmark@example.org
contact_url=http://127.0.0.1/
contact_hours=0
contact_instructions=benchmark
contact_role=pointOfContact
[repository]
database=sqlite:///{database}
table=records
"""
_RECORD = (
    '<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:dct="http://purl.org/dc/terms/"><dc:identifier>{identifier}</dc:identifier><dc:title>{title}</dc:title>'
    "<dc:type>dataset</dc:type><dct:abstract>{abstract}</dct:abstract></csw:Record>"
)


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the class above
        """Say nothing of each request."""


def _fill(database: Path, records: Path) -> None:
    """Put the records into its table as its own loader would, but all at once: that takes it a minute."""
    setup_db(f"sqlite:///{database}", "records", str(database.parent))
    with sqlite3.connect(database) as connection, records.open(encoding="utf-8") as lines:
        connection.executemany(
            "INSERT INTO records (identifier, typename, schema, mdsource, insert_date, xml, anytext, type, title, abstract,"
            " keywords) VALUES (?, 'csw:Record', 'http://www.opengis.net/cat/csw/2.0.2', 'local', '2026-01-01', ?, ?,"
            " 'dataset', ?, ?, ?)",
            map(_row, map(json.loads, lines)),
        )


def _row(record: dict[str, str]) -> tuple[str, ...]:
    xml = _RECORD.format(**{name: escape(value) for name, value in record.items()})
    return (
        record["identifier"],
        xml,
        record["anytext"],
        record["title"],
        record["abstract"],
        record["keywords"],
    )


def main(folder: Path) -> None:
    """Load, say the port, serve until ended."""
    database, configuration = folder / "records.db", folder / "pycsw.cfg"
    _fill(database, folder / "records.jsonl")
    configuration.write_text(_CONFIGURATION.format(home=folder, database=database), encoding="utf-8")
    os.environ["PYCSW_CONFIG"] = str(configuration)
    from pycsw.wsgi import application  # noqa: PLC0415 - reads the configuration as it is loaded

    server: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=_QuietHandler)
    print(server.server_port, flush=True)
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
    ):  # it prints the path of every request
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
