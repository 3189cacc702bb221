"""`frost token`: made, listed, revoked; the secret is told once and is nowhere on the disk."""

import pytest


def secret_of(token):
    return token.split("_")[2]


def test_a_token_is_told_once_and_stored_as_a_hash(frost):
    code, out, err = frost(
        "token", "create", "--scope", "publish, inbox", "--expires", "90d", "--name", "nightly", as_json=False
    )
    assert code == 0 and out.startswith("frost_") and out.count("\n") == 1
    assert "nightly; inbox, publish; expires" in err and secret_of(out.strip()) not in err
    (item,) = frost("token", "list")["tokens"]
    assert (item["name"], item["scopes"], item["used"]) == ("nightly", ["inbox", "publish"], None)
    assert "token" not in item
    found = [path for path in (frost.folder / "home").rglob("*") if path.is_file()]
    assert len(found) > 5
    assert not [path for path in found if secret_of(out.strip()).encode() in path.read_bytes()]


def test_scopes_are_said_at_once_or_one_by_one_and_none_is_lost(frost):
    made = frost("token", "create", "--scope", "publish", "--scope", "subscribe,inbox")
    assert made["scopes"] == ["inbox", "publish", "subscribe"]


def test_a_token_is_revoked(frost):
    made = frost("token", "create", "--scope", "publish")
    assert made["id"] in frost("token", as_json=False)[1]
    assert frost("token", "revoke", made["id"])["revoked"] == made["id"]
    assert frost("token", "list")["tokens"] == []
    code, _, err = frost("token", "revoke", made["id"], as_json=False)
    assert (code, "record.not-found" in err) == (3, True)
    again = frost("token", "create", "--scope", "publish")
    code, _, err = frost("token", "revoke", "frost_x", as_json=False)
    assert code == 3
    assert frost("token", "revoke", again["token"])["revoked"] == again["id"]


def test_a_token_of_one_publisher_is_for_publishing_alone(frost):
    made = frost("token", "create", "--scope", "publish", "--as", frost.did)
    assert made["did"] == frost.did
    assert f"for {frost.did} alone" in frost("token", "list", as_json=False)[1]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (["--scope", "admin"], 2, "usage"),
        (["--scope", ""], 2, "usage"),
        (["--scope", "publish", "--expires", "never"], 2, "usage"),
        (["--scope", "publish", "--expires", "367d"], 2, "usage"),
        (["--scope", "publish", "--name", "x" * 101], 2, "usage"),
        (["--scope", "publish", "--name", "a\nb"], 2, "usage"),
        (["--scope", "publish", "--as", "polar"], 2, "name.did"),
        ([], 2, "usage"),
    ],
)
def test_what_is_no_token_is_not_made(frost, arguments, exit_code, code):
    found, _, err = frost("token", "create", *arguments, as_json=False)
    assert (found, f"frost: {code}:" in err) == (exit_code, True), err
    assert frost("token", "list")["tokens"] == []


def test_a_token_is_only_for_a_publisher_that_is_hosted_here_and_not_for_what_is_the_homes(frost):
    wide = frost("token", "create", "--scope", "inbox", "--as", frost.did, as_json=False)
    other = "did:frost:bafyreigdvpmrsjgyhbcipkuxu5o4ygsxtpnm6v6xlkx6dvxypfbvlkw4he"
    strange = frost("token", "create", "--scope", "publish", "--as", other, as_json=False)
    assert ("token of one publisher" in wide[2], "publisher.not-hosted" in strange[2]) == (True, True)
