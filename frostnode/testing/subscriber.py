"""A subscriber by the text of the W3C Recommendation WebSub: it discovers, subscribes, confirms, and checks what comes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from frostnode.testing.receiver import Received, Said

_LINK: Final = re.compile(r'<([^>]*)>;\s*rel="([^"]*)"')


@dataclass(slots=True)
class Subscriber:
    """It receives at `callback`. `intents` are what it means, by topics: subscribe or unsubscribe."""

    callback: str
    secret: str = ""
    intents: dict[str, str] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    """Seconds that the hub granted, by topics."""
    got: list[tuple[str, bytes]] = field(default_factory=list)
    """Topics and contents, as they came and were genuine."""
    is_gone: bool = False
    is_confused: bool = False
    """Whether it echoes something else than the challenge."""

    def discovered(self, headers: Mapping[str, str]) -> tuple[str, str]:
        """(hub, topic) as the header fields of a resource say (section 4)."""
        links = {rel: url for url, rel in _LINK.findall(headers["link"])}
        return links["hub"], links["self"]

    def request(self, mode: str, topic: str, **more: object) -> bytes:
        """The form that is posted to the hub (section 5.1)."""
        self.intents[topic] = mode
        fields = {"hub.callback": self.callback, "hub.mode": mode, "hub.topic": topic}
        if self.secret and mode == "subscribe":
            fields["hub.secret"] = self.secret
        return urlencode({**fields, **{f"hub.{name}": value for name, value in more.items()}}).encode()

    def answer(self, received: Received) -> Said:
        """What it says to the hub: to a question (section 5.3), or to content (section 7)."""
        if self.is_gone:
            return Said(410)
        return self._confirm(received) if received.method == "GET" else self._take(received)

    def _confirm(self, received: Received) -> Said:
        query = {name: values[0] for name, values in parse_qs(urlsplit(received.target).query).items()}
        topic, mode = query["hub.topic"], query["hub.mode"]
        if self.intents.get(topic) != mode:
            return Said(404)
        if mode == "subscribe":
            self.leases[topic] = int(query["hub.lease_seconds"])
        return Said(200, b"something else" if self.is_confused else query["hub.challenge"].encode())

    def _take(self, received: Received) -> Said:
        _, topic = self.discovered(received.headers)
        if self.secret:
            method, _, stated = received.headers.get("x-hub-signature", "").partition("=")
            expected = digest(self.secret.encode(), received.body, sha256).hex()
            if method != "sha256" or not compare_digest(stated, expected):
                return Said(202)  # acknowledged, and ignored, so that nobody can guess (section 7.1)
        if self.intents.get(topic) != "subscribe":
            return Said(410)
        self.got.append((topic, received.body))
        return Said(204)
