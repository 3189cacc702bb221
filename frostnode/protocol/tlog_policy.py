"""Whose word is enough: policy files over logs, witnesses and groups of witnesses, read and applied.

Source of the rules: C2SP tlog-policy, spec/06-proofs.md#policies. Names are octets without a meaning
beyond the file; each log and witness is its key, which may be there once. What a policy says is decided
here from times that somebody else has verified.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from frostnode.protocol.cosigners import Cosigner, parse_cosigner
from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import POLICY_BYTES_MAX, POLICY_LINES_MAX
from frostnode.protocol.note import ED25519, parse_vkey

NONE: Final = "none"
_ALLOWED: Final = frozenset({0x09, 0x0A, *range(0x20, 0x7F), *range(0x80, 0x100)})


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log whose checkpoints are accepted: its origin and key."""

    origin: str
    key: PublicKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """It has witnessed what at least `threshold` of its members have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a checkpoint: `since` is when the quorum was first reached, POSIX seconds."""

    holds: bool
    since: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file. Witnesses and groups share their names; no logs: the log is known from elsewhere."""

    logs: tuple[PolicyLog, ...]
    witnesses: Mapping[str, Cosigner]
    groups: Mapping[str, Group]
    quorum: str

    @property
    def cosigners(self) -> tuple[Cosigner, ...]:
        """All witnesses, in the order of the file."""
        return tuple(self.witnesses.values())

    def judge(self, origin: str, key: PublicKey, cosigned: Mapping[PublicKey, int]) -> Verdict:
        """Decide about a checkpoint of a log that these keys have cosigned at these times."""
        if self.logs and not any((log.origin, log.key) == (origin, key) for log in self.logs):
            return Verdict(False, None, "its log is not one of those that the policy lists")
        if self.quorum == NONE:
            return Verdict(True, None, "the policy asks for no witness")
        times = {
            name: cosigned[witness.key] for name, witness in self.witnesses.items() if witness.key in cosigned
        }
        for time_s in sorted(set(times.values())):
            if self._is_reached({name for name, at_s in times.items() if at_s <= time_s}):
                return Verdict(True, time_s, "the quorum of witnesses is reached")
        return Verdict(
            False, None, f"the quorum {_shown(self.quorum)} is not reached by {len(times)} witnesses"
        )

    def _is_reached(self, witnesses: Collection[str]) -> bool:
        """Groups name what stands before them, so one look at each is enough."""
        reached = set(witnesses)
        for name, group in self.groups.items():
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(name)
        return self.quorum in reached


@dataclass(slots=True)
class _Reading:
    """What the lines so far have said."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: dict[str, Cosigner] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None

    def take(self, word: str, rest: list[str]) -> None:
        """Read one line."""
        if word == "log" and len(rest) in (1, 2):
            self._log(*rest)
        elif word == "witness" and len(rest) in (2, 3):
            self._witness(*rest)
        elif word == "group" and len(rest) > 2:
            self._group(*rest)
        elif word == "quorum" and len(rest) == 1:
            self._quorum(rest[0])
        else:
            raise _malformed("line", " ".join((word, *rest)), "a log, witness, group or quorum")

    def _log(self, text: str, url: str = "") -> None:
        try:
            name, type_, key = parse_vkey(_utf8(text))
        except SignatureError as error:
            raise _malformed(f"key of a log: {error}") from error
        if type_ != ED25519 or any(log.key == key for log in self.logs):
            raise _malformed("key of a log", text, "a key of a log, once")
        self.logs.append(PolicyLog(name, key, url))

    def _witness(self, name: str, text: str, url: str = "") -> None:
        try:
            cosigner = parse_cosigner(_utf8(text), url)
        except SignatureError as error:
            raise _malformed(f"key of witness {_shown(name)}: {error}") from error
        if any(other.key == cosigner.key for other in self.witnesses.values()):
            raise _malformed("key of a witness", text, "each key once")
        self._define(name)
        self.witnesses[name] = cosigner

    def _group(self, name: str, threshold: str, *members: str) -> None:
        for at, member in enumerate(members):
            if member in members[:at] or (member not in self.witnesses and member not in self.groups):
                raise _malformed(f"member of group {_shown(name)}", _shown(member), "one from above, once")
        count = {"any": 1, "all": len(members)}.get(threshold)
        if count is None:
            is_decimal = (
                threshold.isascii() and threshold.isdigit() and len(threshold) <= len(str(POLICY_LINES_MAX))
            )
            count = int(threshold) if is_decimal and not threshold.startswith("0") else 0
        if not 1 <= count <= len(members):
            raise _malformed(
                f"threshold of group {_shown(name)}", threshold, f"any, all or 1 to {len(members)}"
            )
        self._define(name)
        self.groups[name] = Group(count, members)

    def _define(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise _malformed("name", _shown(name), "one that is new")

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise _malformed("quorum", _shown(name), "one line of it")
        if name != NONE and name not in self.witnesses and name not in self.groups:
            raise _malformed("quorum", _shown(name), "a witness or group from above, or none")
        self.quorum = name


def parse_policy(data: bytes) -> Policy:
    """Read a policy file.

    Raises:
        LogError: quorum.malformed
    """
    if len(data) > POLICY_BYTES_MAX:
        raise _malformed("bytes", len(data), f"≤ {POLICY_BYTES_MAX}")
    if data and not data.endswith(b"\n"):
        raise _malformed("last line", "no newline at its end", "one")
    if any(octet not in _ALLOWED for octet in data):
        raise _malformed("characters", "a control character", "tab and newline only")
    reading = _Reading()
    count = 0
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if not words or words[0].startswith("#"):
            continue
        count += 1
        if count > POLICY_LINES_MAX:
            raise _malformed("lines", f"> {POLICY_LINES_MAX}", f"≤ {POLICY_LINES_MAX}")
        reading.take(words[0], words[1:])
    if reading.quorum is None:
        raise _malformed("quorum", "none", "a quorum line")
    return Policy(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)


def _utf8(text: str) -> str:
    """A verifier key is text; octets that are none make no key."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _malformed("verifier key", _shown(text), "UTF-8") from error
    return text


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _malformed(what: str, found: object = None, expected: object = None) -> LogError:
    return LogError("quorum.malformed", f"{what} of a policy", found=found, expected=expected)
