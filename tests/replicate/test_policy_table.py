"""The table `[carry]` of a settings file: every setting there and back, and every mistake named."""

import tomllib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.config import Config, read_config, write_config
from frostnode.protocol.errors import LocalError
from frostnode.replicate.policy import CarryPolicy, Mode, Quota, parse_rule
from frostnode.replicate.policy_table import ABOUT, BOUNDS, lines_of, read_policy, settings_of

limits = st.none() | st.integers(0, 2**53)


@st.composite
def policies(draw):
    rules = st.frozensets(
        st.sampled_from(
            [parse_rule(text) for text in ("host:*.example.org", "handle:a.example", "type:label")]
        )
    )
    quotas = {name: Quota(**{bound: draw(limits) for bound in bounds}) for name, bounds in BOUNDS.items()}
    return CarryPolicy(
        mode=draw(st.sampled_from(Mode)),
        allow=draw(rules),
        deny=draw(rules),
        show_unknown=draw(st.booleans()),
        **quotas,
    )


@given(policies())
def test_a_policy_is_read_back_as_it_was_written(policy):
    assert read_policy(tomllib.loads("\n".join(lines_of(policy)))["carry"]) == policy
    assert read_policy(settings_of(policy)) == policy


def test_every_setting_says_what_it_does_and_has_its_bounds():
    names = [field.name for field in fields(CarryPolicy)]
    assert list(ABOUT) == names
    default = CarryPolicy()
    assert list(BOUNDS) == [name for name in names if isinstance(getattr(default, name), Quota)]
    for name, bounds in BOUNDS.items():
        quota = getattr(default, name)
        unbound = {field.name for field in fields(Quota)} - set(bounds)
        assert all(getattr(quota, bound) is None for bound in unbound)


@pytest.mark.parametrize("mode", ["everything", "followed"])
def test_a_bare_mode_is_a_table_with_nothing_else(tmp_path, mode):
    file = tmp_path / "frost.toml"
    file.write_text(f'carry = "{mode}"\n')
    assert read_config(file).carry == CarryPolicy(mode=Mode(mode))


def test_what_is_not_said_keeps_its_default():
    policy = read_policy({"unknown": {"bytes": "2 GiB"}})
    assert policy == CarryPolicy(unknown=Quota(entries=1_000_000, bytes=2**31, subscriptions=1_000))


def test_a_settings_file_is_read_back(tmp_path):
    file = tmp_path / "frost.toml"
    config = Config(
        name='An "odd" name', port=1, carry=CarryPolicy(deny=frozenset([parse_rule("host:a.example")]))
    )
    file.write_text(write_config(config))
    assert read_config(file) == config
    assert all(about in file.read_text() for about in ABOUT.values())


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("most", "carry.mode"),
        (7, "carry"),
        ({"modus": "followed"}, "modus"),
        ({"mode": 1}, "carry.mode"),
        ({"allow": "host:a.example"}, "carry.allow"),
        ({"deny": [1]}, "carry.deny"),
        ({"deny": ["nobody"]}, "rule"),
        ({"show_unknown": "yes"}, "carry.show_unknown"),
        ({"unknown": 5}, "carry.unknown"),
        ({"unknown": {"publishers": 1}}, "publishers"),
        ({"peer_day": {"entries": -1}}, "carry.peer_day.entries"),
        ({"peer_day": {"entries": True}}, "carry.peer_day.entries"),
        ({"peer_day": {"entries": 1.5}}, "carry.peer_day.entries"),
        ({"peer_day": {"entries": "4 GiB"}}, "carry.peer_day.entries"),
        ({"peer_day": {"bytes": "4 GB"}}, "carry.peer_day.bytes"),
        ({"peer_day": {"bytes": "9999999 TiB"}}, "carry.peer_day.bytes"),
        ({"peer_day": {"bytes": 2**53 + 1}}, "carry.peer_day.bytes"),
    ],
)
def test_a_mistake_refuses_the_whole_table_and_is_named(table, named):
    with pytest.raises(LocalError) as caught:
        read_policy(table)
    assert caught.value.code == "input.unreadable"
    assert named in str(caught.value)


def test_a_mistake_in_a_file_names_the_file(tmp_path):
    file = tmp_path / "frost.toml"
    file.write_text('[carry]\nmode = "some"\n')
    with pytest.raises(LocalError) as caught:
        read_config(file)
    assert str(file) in str(caught.value)
    assert "everything or followed" in str(caught.value)
