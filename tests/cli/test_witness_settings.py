"""What an operator says of witnesses: trusted ones in `frost.toml`, policies on the command line."""

import json

import pytest

from frostnode.cli import main
from frostnode.config import Config, read_config, write_config
from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.errors import LocalError
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import WITNESSES_TRUSTED_MAX
from frostnode.protocol.merkle import inclusion_proof
from frostnode.protocol.note import vkey
from frostnode.protocol.proofs import ProofFile, encode_proof
from frostnode.testing.memory_publisher import MemoryPublisher

KEYS = [SigningKey(at.to_bytes(32, "big")) for at in range(WITNESSES_TRUSTED_MAX + 1)]
W = [vkey(f"w{at}.example", key.public, 4) for at, key in enumerate(KEYS)]


def config(tmp_path, text):
    path = tmp_path / "frost.toml"
    path.write_text(text, "utf-8")
    return read_config(path)


def test_trusted_witnesses_with_and_without_an_address(tmp_path):
    one, other = config(tmp_path, f'witnesses = ["{W[0]}", "{W[1]} https://w.example/frost/witness"]').trusted
    assert (one.vkey, one.url, other.vkey, other.url) == (W[0], "", W[1], "https://w.example/frost/witness")


def test_settings_are_read_as_they_are_written(tmp_path):
    settings = Config(witnesses=(W[0], f"{W[1]} https://w.example/"))
    assert config(tmp_path, write_config(settings)) == settings
    assert config(tmp_path, write_config(Config())).trusted == ()


def listed(*texts):
    return f"witnesses = {json.dumps(texts, ensure_ascii=False)}"


@pytest.mark.parametrize(
    "text",
    [
        f'witnesses = "{W[0]}"',
        "witnesses = [1]",
        listed("w.example"),
        listed(vkey("log.example", KEYS[0].public)),
        listed(f"{W[0]} ftp://w.example"),
        listed(f"{W[0]}  https://w.example"),
        listed(W[0], vkey("another.name", KEYS[0].public, 4)),
        listed(*W),
    ],
    ids=["text", "number", "no key", "key of a log", "no address", "two spaces", "one key twice", "too many"],
)
def test_what_is_no_list_of_witnesses_is_refused(tmp_path, text):
    with pytest.raises(LocalError) as refused:
        config(tmp_path, text)
    assert refused.value.code == "input.unreadable"


def test_as_many_witnesses_as_the_limit(tmp_path):
    assert len(config(tmp_path, listed(*W[:WITNESSES_TRUSTED_MAX])).trusted) == WITNESSES_TRUSTED_MAX


@pytest.fixture
def file(tmp_path):
    """A proof of a record that two witnesses have cosigned."""
    source = MemoryPublisher("p")
    source.put("ice", {"title": "Sea ice"})
    note = source.note()
    for at, time_s in ((0, 1_700_000_000), (1, 1_600_000_000)):
        note = cosign(note, f"w{at}.example", KEYS[at], time_s)
    path = tmp_path / "ice.frostproof"
    path.write_bytes(
        encode_proof(
            ProofFile(
                history=[event.raw for event in source.history],
                origin=source.origin,
                index=0,
                path=inclusion_proof(0, 1, source.node),
                checkpoint=note,
                header=source.leaves[0],
                body=source.bodies[0],
            )
        )
    )
    return path


def verify(capfd, tmp_path, file, policy, *options):
    path = tmp_path / "friends.policy"
    path.write_text(policy, "utf-8")
    code = 0
    try:
        main(["verify", str(file), "--policy", str(path), *options])
    except SystemExit as left:
        code = left.code or 0
    return code, *capfd.readouterr()


def test_a_policy_that_holds(capfd, tmp_path, file):
    policy = f"witness a {W[0]}\nwitness b {W[1]}\ngroup two all a b\nquorum two\n"
    code, out, _ = verify(capfd, tmp_path, file, policy)
    assert code == 0
    assert "cosigned by w1.example at 2020-09-13T12:26:40Z, by w0.example at 2023-11-14T22:13:20Z" in out
    assert "The policy holds since 2023-11-14T22:13:20Z" in out
    _, out, _ = verify(capfd, tmp_path, file, policy, "--json")
    answer = json.loads(out)
    assert answer["policy"] == {
        "holds": True,
        "since": 1_700_000_000,
        "reason": "the quorum of witnesses is reached",
    }
    assert answer["cosigned"] == {"w0.example": 1_700_000_000, "w1.example": 1_600_000_000}


def test_a_policy_that_asks_for_nobody(capfd, tmp_path, file):
    code, out, _ = verify(capfd, tmp_path, file, "quorum none\n")
    assert code == 0
    assert "The policy holds: the policy asks for no witness." in out


def test_a_policy_that_is_not_met_fails_and_says_what_is_proven_all_the_same(capfd, tmp_path, file):
    policy = f"witness a {W[0]}\nwitness c {W[2]}\ngroup two all a c\nquorum two\n"
    code, out, err = verify(capfd, tmp_path, file, policy)
    assert code == 4
    assert "quorum.unmet" in err
    assert "is entry 0 of epoch 0" in out
    assert "The policy does not hold" in out


def test_a_policy_that_is_none(capfd, tmp_path, file):
    code, out, err = verify(capfd, tmp_path, file, "friend a\n")
    assert (code, "quorum.malformed" in err, out) == (4, True, "")


def test_a_policy_for_another_log(capfd, tmp_path, file):
    code, _, err = verify(capfd, tmp_path, file, f"log {vkey('log.example', KEYS[5].public)}\nquorum none\n")
    assert (code, "quorum.unmet" in err) == (4, True)
