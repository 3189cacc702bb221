"""Vectors of 06 proofs: policies."""

from typing import Any

from frostnode.protocol.note import vkey
from interop.cases import publisher as p
from interop.cases.vector import Vector, Vectors

POLICIES = "06-proofs.md#policies"
ORIGIN = p.origin_of(p.DID, 0, p.GENESIS)
LOG = p.key("log 0").public
KEYS = [p.key(f"policy witness {at}").public for at in range(5)]
W = [vkey(f"w{at}.example", key, 4) for at, key in enumerate(KEYS)]
ONE = f"witness a {W[0]}\n"
NESTED = f"""log {vkey(ORIGIN, LOG)} https://log.example/
# two of three of X, and one of Y

witness X1 {W[0]}
\twitness  X2 {W[1]} https://x2.example/
witness X3 {W[2]}
group X 2 X1 X2 X3
witness Y1 {W[3]}
witness Y2 {W[4]}
group Y any Y1 Y2
group both all X Y
quorum both
"""


def given(policy: str | bytes, *times: int | None, **change: Any) -> dict[str, Any]:
    """The input: a policy, a log, and when each of the witnesses has cosigned a checkpoint of it."""
    text = {"policy": policy} if isinstance(policy, str) else {"bytes": policy.hex()}
    cosigned = {key.hex(): time for key, time in zip(KEYS, times, strict=False) if time is not None}
    return {**text, "origin": ORIGIN, "key": LOG.hex(), "cosigned": cosigned} | change


def valid() -> list[tuple[str, str, dict[str, Any]]]:
    """Name, about, input."""
    octets = f"witness \u212a {W[0]}\n".encode() + b"witness \xff " + W[1].encode() + b"\nquorum \xff\n"
    return [
        ("quorum-of-groups", "Since the last one that was needed.", given(NESTED, 30, None, 10, 20)),
        (
            "quorum-earlier-by-another",
            "The earliest time at which it is reached.",
            given(NESTED, 30, 12, 10, 20, 11),
        ),
        ("quorum-not-reached", "Nobody of Y.", given(NESTED, 1, 2, 3)),
        ("quorum-of-nobody", "The policy asks for no witness.", given("quorum none\n")),
        ("quorum-of-one-witness", "Without a group.", given(f"{ONE}quorum a\n", 7)),
        ("other-witnesses", "They are not in the policy.", given(f"{ONE}quorum a\n", None, 7)),
        ("other-log", "The log is not listed.", given(f"log {vkey(ORIGIN, KEYS[0])}\nquorum none\n")),
        (
            "other-origin",
            "The key is another log's.",
            given(f"log {vkey('log.example', LOG)}\nquorum none\n"),
        ),
        ("names-are-octets", "K and the Kelvin sign are two names.", given(octets, None, 7)),
        ("group-of-one", "Any and all of one.", given(f"{ONE}group g any a\ngroup h all g\nquorum h\n", 7)),
    ]


def invalid() -> list[tuple[str, str, str | bytes]]:
    """Name, about, policy."""
    return [
        ("empty", "no quorum", ""),
        ("no-quorum", "no quorum", ONE),
        ("two-quorums", "one is needed", f"{ONE}quorum a\nquorum a\n"),
        ("last-line-unfinished", "no newline", f"{ONE}quorum a"),
        ("quorum-before-its-name", "only names from above", f"quorum a\n{ONE}"),
        ("quorum-unknown", "no such name", f"{ONE}quorum b\n"),
        ("witness-key-twice", "under two names", f"{ONE}witness b {W[0]}\nquorum a\n"),
        ("witness-name-twice", "with two keys", f"{ONE}witness a {W[1]}\nquorum a\n"),
        ("witness-named-none", "reserved", f"witness none {W[0]}\nquorum none\n"),
        ("witness-with-the-key-of-a-log", "type 1", f"witness a {vkey('a', KEYS[0])}\nquorum a\n"),
        ("log-with-the-key-of-a-witness", "type 4", f"log {W[0]}\nquorum none\n"),
        ("log-key-twice", "under two names", f"log {vkey('a', LOG)}\nlog {vkey('b', LOG)}\nquorum none\n"),
        ("group-named-as-a-witness", "one space of names", f"{ONE}group a any a\nquorum a\n"),
        ("group-of-itself", "only names from above", f"{ONE}group g any g\nquorum g\n"),
        ("group-member-twice", "counts once", f"{ONE}group g 1 a a\nquorum g\n"),
        ("group-of-none", "reserved", f"{ONE}group g any none\nquorum g\n"),
        ("group-without-members", "at least one", f"{ONE}group g any\nquorum a\n"),
        ("threshold-zero", "at least one", f"{ONE}group g 0 a\nquorum g\n"),
        ("threshold-above-members", "of one", f"{ONE}group g 2 a\nquorum g\n"),
        ("threshold-with-leading-zero", "one spelling", f"{ONE}group g 01 a\nquorum g\n"),
        ("threshold-in-other-digits", "ASCII", f"{ONE}group g \u0661 a\nquorum g\n"),
        ("word-too-many", "two URLs", f"witness a {W[0]} u v\nquorum a\n"),
        ("word-unknown", "no such line", f"{ONE}friend a\nquorum a\n"),
        ("carriage-return", "a control character", f"{ONE}quorum a\r\n"),
        ("delete-character", "a control character", f"{ONE}quorum a\x7f\n"),
        ("key-that-is-no-text", "no UTF-8", b"witness a \xff\nquorum a\n"),
        (
            "too-many-lines",
            "257",
            "".join(f"group g{at} any g{at - 1}\n" for at in range(256)) + "quorum none\n",
        ),
    ]


def vectors() -> Vectors:
    """Policies that can be read, and those that cannot."""
    for name, about, content in valid():
        yield Vector(area="policies", name=name, about=about, spec=POLICIES, input=content)
    for name, about, policy in invalid():
        yield Vector(
            area="policies",
            name=name,
            about=about,
            spec=POLICIES,
            input=given(policy),
            error="quorum.malformed",
        )
