"""A home of one publisher, and commands on it."""

import json

import pytest

from frostnode import founding
from frostnode.cli import main
from frostnode.identity.kits import CHEAPEST


@pytest.fixture
def frost(tmp_path, monkeypatch, capfd):
    """Runs a command on a home of its own: (exit code, output, errors), or what --json says."""
    monkeypatch.setattr(founding.found, "__kwdefaults__", {**founding.found.__kwdefaults__, "cost": CHEAPEST})
    monkeypatch.setenv("FROST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "passphrase").write_text("open sesame\n")

    def run(*arguments, as_json=True):
        code = 0
        try:
            main([*map(str, arguments), *(["--json"] if as_json else [])])
        except SystemExit as left:
            code = left.code or 0
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        if as_json:
            assert code == 0, err
            return json.loads(out)
        return code, out, err

    run.did = run("init", "--name", "Polar", "--passphrase-file", tmp_path / "passphrase")["did"]
    run.folder = tmp_path

    def publish(*records):
        (tmp_path / "records.json").write_text(json.dumps(records))
        return run("publish", "records.json")["records"]

    run.publish = publish
    return run


@pytest.fixture
def ice(frost):
    """A dataset."""
    frost.publish({"type": "dataset", "key": "ice", "title": "Sea ice"})
    return f"{frost.did}/ice"
