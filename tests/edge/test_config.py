"""Settings as files: what is written is what is read, and nothing else is taken."""

from dataclasses import fields, replace

import pytest

from frostnode.config import Config, read_config, write_config
from frostnode.protocol.errors import LocalError
from frostnode.replicate.policy import CarryPolicy, Mode


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(
            name='a "name"\n', host="::1", port=0, url="https://x.org", carry=CarryPolicy(mode=Mode.FOLLOWED)
        ),
        Config(discover=False, discover_private=True, list_peers=False, listed=False),
    ],
)
def test_what_is_written_is_read(tmp_path, config):
    path = tmp_path / "frost.toml"
    path.write_text(write_config(config), "utf-8")
    assert read_config(path) == config


def test_every_setting_is_written_with_its_comment():
    text = write_config(Config())
    for field in fields(Config):
        if field.name in ("carry", "mail", "view"):
            continue  # a table of its own
        assert f"\n{field.name} = " in text


@pytest.mark.parametrize(
    "line",
    ["discover = 1", 'listed = "no"', "port = true", "port = 65536", 'carry = "some"', "nothing = 1", "="],
)
def test_what_is_no_setting_is_refused(tmp_path, line):
    path = tmp_path / "frost.toml"
    path.write_text(line)
    with pytest.raises(LocalError) as caught:
        read_config(path)
    assert caught.value.code == "input.unreadable"


def test_without_a_file_there_are_the_defaults(tmp_path):
    assert read_config(tmp_path / "none.toml") == replace(Config())
