"""Schemathesis asks the running node whatever its OpenAPI document allows and forbids, and finds nothing.

It takes `FROST_HYPOTHESIS=nightly` to ask much more, in sequences of requests too.
"""

import os
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from hypothesis import settings

from frostnode.edge.http.api import rates, shapes
from frostnode.edge.http.api.table import ROUTES
from frostnode.edge.http.app import make_app
from frostnode.edge.http.server import listen, serve_http, server_settings

NOT_ASKED = "positive_data_acceptance,use_after_free"
"""A DID is a hash, a record has rules of its type: what a schema allows may still be refused, by a code that is declared.
And what was withdrawn is still told of, with its history."""

RUN_S = 3000
LINE_CHARS = 500


def program():
    beside = str(Path(sys.executable).parent)
    found = shutil.which("schemathesis", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    assert found, "schemathesis is one of the dev dependencies"
    return found


@pytest.fixture
def serve(own, monkeypatch):
    """Runs a node with a few records at an address of this machine, where it answers as often as it is asked."""
    for name in ("RATE_READS_MAX", "RATE_WRITES_MAX"):
        monkeypatch.setattr(rates, name, 10**9)

    @asynccontextmanager
    async def serving():
        for operation, params in (
            ("publish", {"records": [{"type": "dataset", "key": "ice", "title": "Sea ice"}]}),
            ("version", {"dataset": "ice", "label": "1"}),
            ("derive", {"target": "ice@1", "used": ["https://a.example/x"]}),
            ("subscribe", {"target": f"{own.did}/ice", "private": True}),
        ):
            await own.operate(operation, **params)
        await own.parts.project()
        listener = listen("127.0.0.1", 0, 64)
        async with trio.open_nursery() as nursery:
            app = make_app(own.parts, {"name": "Polar", "version": "0"})
            await nursery.start(serve_http, app, server_settings(), [listener])
            yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}/api/openapi.json"
            nursery.cancel_scope.cancel()

    return serving


async def run(folder, *arguments):
    """What it says, and whether it found nothing."""
    with trio.fail_after(RUN_S):
        done = await trio.run_process(
            [program(), *map(str, arguments)],
            cwd=folder,
            check=False,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
        )
    lines = done.stdout.decode().splitlines()
    return "\n".join(line[:LINE_CHARS] for line in lines), done.returncode == 0


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("names", ["any", "real"])
async def test_schemathesis_finds_nothing(own, serve, tmp_path, names):
    real = {
        "query.url": f"{own.did}/ice",
        "path.url": f"{own.did}/ice",
        "path.did": own.did,
        "query.a": f"{own.did}/ice",
        "query.b": f"{own.did}/ice@1",
        "query.target": own.did,
        "query.name": own.did,
    }
    config = tmp_path / "schemathesis.toml"
    lines = [f'"{name}" = "{value}"\n' for name, value in real.items()] if names == "real" else []
    config.write_text("".join(["[parameters]\n", *lines]))
    examples = settings().max_examples // 10
    is_long = examples > 10
    options = (
        *("--header", f"Authorization: Bearer {await own.token()}"),
        *("--phases", "examples,coverage,fuzzing" + (",stateful" if is_long else "")),
        *("--exclude-checks", NOT_ASKED, "--continue-on-failure", "--warnings", "off", "--no-color"),
        *("--max-examples", examples),
        *(("--generation-database", "none") if is_long else ("--generation-deterministic", "--seed", 1)),
    )
    async with serve() as address:
        told, is_fine = await run(tmp_path, "--config-file", config, "run", address, *options)
    assert is_fine, told[-20_000:]
    assert f"Tested: {sum(len(route.paths()) for route in ROUTES)}" in told


@pytest.mark.slow
@pytest.mark.network
async def test_schemathesis_finds_an_answer_that_is_not_as_declared(serve, tmp_path, monkeypatch):
    monkeypatch.setitem(shapes.STATUS["properties"], "name", shapes.WHOLE)
    async with serve() as address:
        told, is_fine = await run(tmp_path, "run", address, "--include-path", "/api/status", "--no-color")
    assert not is_fine and "Response violates schema" in told
