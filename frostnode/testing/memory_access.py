"""An AccessStore in memory, the plainest there could be: what the real one is held against."""

from collections.abc import Sequence
from dataclasses import replace

from frostnode.access_port import Attempt, Token
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    IDEMPOTENCY_ANSWERS_BYTES_MAX,
    IDEMPOTENCY_KEPT_S,
    IDEMPOTENCY_KEYS_MAX,
    TOKENS_MAX,
)


class MemoryAccessStore:
    """A `frostnode.access_port.AccessStore` that forgets all at its end."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._attempts: dict[tuple[str, str], Attempt] = {}

    def tokens(self) -> Sequence[Token]:
        """All, oldest first."""
        return sorted(self._tokens.values(), key=lambda token: (token.created_ms, token.id))

    def token(self, id_: str) -> Token | None:
        """One."""
        return self._tokens.get(id_)

    def add(self, token: Token) -> None:
        """Keep a new one."""
        if len(self._tokens) >= TOKENS_MAX:
            raise LocalError("queue.full", "tokens of this home")
        self._tokens[token.id] = token

    def remove(self, id_: str) -> bool:
        """Forget one."""
        self._attempts = {name: kept for name, kept in self._attempts.items() if name[0] != id_}
        return self._tokens.pop(id_, None) is not None

    def used(self, id_: str, now_ms: int) -> None:
        """Note when it was used last."""
        if id_ in self._tokens:
            self._tokens[id_] = replace(self._tokens[id_], used_ms=now_ms)

    def begin(self, attempt: Attempt) -> Attempt | None:
        """Note an attempt, or answer the earlier one."""
        old_ms = attempt.begun_ms - IDEMPOTENCY_KEPT_S * 1000
        self._attempts = {name: kept for name, kept in self._attempts.items() if kept.begun_ms > old_ms}
        name = attempt.token, attempt.key
        if name in self._attempts:
            return self._attempts[name]
        answers = [kept.answer or b"" for kept in self._attempts.values() if kept.token == attempt.token]
        if len(answers) >= IDEMPOTENCY_KEYS_MAX or sum(map(len, answers)) >= IDEMPOTENCY_ANSWERS_BYTES_MAX:
            raise LocalError("queue.full", "answers kept for keys of this token")
        self._attempts[name] = attempt
        return None

    def finish(self, token: str, key: str, answer: bytes) -> None:
        """Keep what was answered."""
        if (token, key) in self._attempts:
            self._attempts[token, key] = replace(self._attempts[token, key], answer=answer)

    def forget(self, token: str, key: str) -> None:
        """Free the key."""
        self._attempts.pop((token, key), None)

    def close(self) -> None:
        """Nothing is to be given back."""
