"""Policy files: what they say, and what they say no to (C2SP tlog-policy)."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LogError
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import POLICY_BYTES_MAX, POLICY_LINES_MAX
from frostnode.protocol.note import COSIGNATURE_V1, vkey
from frostnode.protocol.tlog_policy import parse_policy

KEYS = [SigningKey(bytes([at, *bytes(31)])).public for at in range(32)]
LOG = KEYS[31]
ORIGIN = "example.com/log"
W = [vkey(f"w{at}.example", key, COSIGNATURE_V1) for at, key in enumerate(KEYS)]
NESTED = f"""
log {vkey(ORIGIN, LOG)} https://example.com/log
# the X
witness X1 {W[0]}
witness X2 {W[1]} https://x2.example
  witness\tX3   {W[2]}\t
group X 2 X1 X2 X3

witness Y1 {W[3]}
witness Y2 {W[4]}
group Y any Y1 Y2
group both all X Y
quorum both
"""


def judge(text, *times, origin=ORIGIN, key=LOG):
    """The verdict, when witness n has cosigned at the n-th of these times, None for not."""
    cosigned = {KEYS[at]: time for at, time in enumerate(times) if time is not None}
    return parse_policy(text.encode()).judge(origin, key, cosigned)


def test_a_policy_of_nested_groups():
    assert not judge(NESTED).holds
    assert not judge(NESTED, 1, 2, 3).holds
    assert not judge(NESTED, 1, None, None, 4, 5).holds
    verdict = judge(NESTED, 1, 2, None, None, 5)
    assert (verdict.holds, verdict.since) == (True, 5)


def test_since_when_it_holds_is_when_the_quorum_was_first_reached():
    assert judge(NESTED, 30, 10, 20, 40, 15).since == 20
    assert judge(NESTED, 30, 10, 20, 40, None).since == 40


def test_a_group_of_k_of_n_is_reached_by_k_witnesses():
    for n, k in [(of, at) for of in range(1, 5) for at in range(1, of + 1)]:
        names = [f"n{at}" for at in range(n)]
        text = "".join(f"witness {name} {key}\n" for name, key in zip(names, W, strict=False))
        text += f"group g {k} {' '.join(names)}\nquorum g\n"
        for signers in itertools.product([None, 7], repeat=n):
            assert judge(text, *signers).holds == (sum(time is not None for time in signers) >= k)


def test_a_single_witness_may_be_the_quorum():
    text = f"witness only {W[0]}\nquorum only\n"
    assert judge(text, 3).since == 3
    assert not judge(text, None, 3).holds


def test_no_witness_may_be_asked_for():
    verdict = judge("quorum none\n")
    assert (verdict.holds, verdict.since) == (True, None)


def test_of_listed_logs_one_must_have_signed():
    text = f"log {vkey(ORIGIN, LOG)}\nquorum none\n"
    assert judge(text).holds
    assert not judge(text, origin="example.com/other").holds
    assert not judge(text, key=KEYS[0]).holds


def test_names_are_octets():
    text = f"witness K {W[0]}\nwitness \u212a {W[1]}\nquorum \u212a\n".encode()
    policy = parse_policy(text)
    assert policy.judge(ORIGIN, LOG, {KEYS[1]: 1}).holds
    assert not policy.judge(ORIGIN, LOG, {KEYS[0]: 1}).holds
    assert (
        parse_policy(b"witness \xff " + W[0].encode() + b"\nquorum \xff\n")
        .judge(ORIGIN, LOG, {KEYS[0]: 1})
        .holds
    )
    reason = parse_policy(b"witness \xff " + W[0].encode() + b"\nquorum \xff\n").judge(ORIGIN, LOG, {}).reason
    assert reason.encode()


A = f"witness a {W[0]}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        A,
        f"{A}quorum a",
        f"{A}quorum b\n",
        f"quorum a\n{A}",
        f"{A}quorum a\nquorum a\n",
        f"{A}quorum a a\n",
        f"{A}quorum\n",
        f"{A}{A}quorum a\n",
        f"{A}witness b {W[0]}\nquorum a\n",
        f"{A}witness a {W[1]}\nquorum a\n",
        f"{A}group a any a\nquorum a\n",
        f"{A}group g any a a\nquorum g\n",
        f"{A}group g any b\nquorum g\n",
        f"{A}group g any g\nquorum g\n",
        f"{A}group g any none\nquorum g\n",
        f"{A}group g 0 a\nquorum g\n",
        f"{A}group g 2 a\nquorum g\n",
        f"{A}group g 01 a\nquorum g\n",
        f"{A}group g +1 a\nquorum g\n",
        f"{A}group g \u0661 a\nquorum g\n",
        f"{A}group g 99999999999999999999 a\nquorum g\n",
        f"{A}group g some a\nquorum g\n",
        f"{A}group g any\nquorum a\n",
        f"{A}group none any a\nquorum a\n",
        f"witness none {W[0]}\nquorum none\n",
        "witness a\nquorum none\n",
        f"witness a {W[0]} u v\nquorum a\n",
        f"witness a {vkey('w0.example', KEYS[0])}\nquorum a\n",
        f"witness a {W[0][:-4]}\nquorum a\n",
        "log\nquorum none\n",
        "log x\nquorum none\n",
        f"log {W[0]}\nquorum none\n",
        f"log {vkey('a', LOG)}\nlog {vkey('b', LOG)}\nquorum none\n",
        f"{A}quorum a\nfriend b\n",
        f"{A}quorum a\r\n",
        f"{A}quorum a\0\n",
        f"{A}quorum a\x7f\n",
        "#" * POLICY_BYTES_MAX + "\nquorum none\n",
        "quorum none\n" + "".join(f"group g{at} any none\n" for at in range(POLICY_LINES_MAX)),
    ],
)
def test_another_form_is_refused(text):
    with pytest.raises(LogError) as refused:
        parse_policy(text.encode())
    assert refused.value.code == "quorum.malformed"


def test_a_key_that_is_no_text_is_refused():
    with pytest.raises(LogError):
        parse_policy(b"witness a \xff\xfe\nquorum a\n")


def test_as_many_lines_as_the_limit():
    head = f"witness a {W[0]}\n" + "".join(f"group g{at} any a\n" for at in range(POLICY_LINES_MAX - 2))
    assert parse_policy((head + "quorum a\n").encode()).judge(ORIGIN, LOG, {KEYS[0]: 1}).holds
    with pytest.raises(LogError):
        parse_policy((head + "group more any a\nquorum a\n").encode())


@given(
    st.binary(max_size=200)
    | st.builds(
        lambda at, put: NESTED.encode()[:at] + put + NESTED.encode()[at:],
        st.integers(0, 900),
        st.binary(max_size=9),
    )
)
def test_any_bytes_are_a_policy_or_refused(data):
    with suppress(LogError):
        parse_policy(data).judge(ORIGIN, LOG, {KEYS[0]: 1})
