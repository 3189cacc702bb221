"""The settings of a home: frozen values from `frost.toml`, each with who may harm you with it."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_origin
from urllib.parse import urlsplit

from frostnode.edge.smtp_account import SmtpAccount, read_account
from frostnode.edge.smtp_account import lines_of as mail_lines
from frostnode.edge.view_settings import ViewSettings, read_views
from frostnode.edge.view_settings import lines_of as view_lines
from frostnode.protocol.cosigners import Cosigner, is_witness_url, parse_cosigner
from frostnode.protocol.errors import LocalError, SignatureError
from frostnode.protocol.limits import START_GRACE_S, WITNESSES_TRUSTED_MAX
from frostnode.replicate.policy import CarryPolicy
from frostnode.replicate.policy_table import lines_of, read_policy

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting: the name in the file is the name here."""

    name: str = "frostnode"
    """What pages call this node. Shown to everyone."""

    host: str = "127.0.0.1"
    """Address to listen at. Any other than a loopback one lets others read all that is carried."""

    port: int = 8417
    """Port to listen at; 0 takes a free one."""

    url: str = ""
    """Where others reach this node: a hint in identity events and on pages, "" for nowhere."""

    operator: str = ""
    """Who runs this node. Shown to everyone."""

    contact: str = ""
    """An e-mail address or a page for whoever has something against what is shown here. Shown to everyone."""

    offers: bool = True
    """Whether other nodes may offer what they have. Whoever reaches this node then fills the disk, within limits."""

    lease: bool = False
    """Whether to ask the nodes that are followed to push to `url` too. They learn nothing that `url` does not say."""

    lease_private_addresses: bool = False
    """Whether nodes that ask to be pushed to may be in this network. Strangers then choose where in it this node asks."""

    carry: CarryPolicy = field(default_factory=CarryPolicy)
    """Whom this node carries, and how much of them: a table of its own."""

    discover: bool = True
    """Ask peers whom they know, when logs have too few sources. They learn this node's address, it theirs."""

    discover_private: bool = False
    """Dial what peers list also in this machine's own network. A stranger can make it knock there otherwise."""

    list_peers: bool = True
    """Tell others which nodes are followed here."""

    listed: bool = True
    """Ask nodes that follow this one to tell others of it, or not to."""

    private_callbacks: bool = False
    """Whether webhooks may go to this machine and its network. Whoever may subscribe here then makes it knock there."""

    websub: bool = False
    """Whether anybody may subscribe to feeds at `url` by WebSub. Strangers then choose URLs that this node asks and sends to."""

    mail: SmtpAccount = field(default_factory=SmtpAccount)
    """The server that sends the mails of this node: a table of its own."""

    view: tuple[ViewSettings, ...] = ()
    """What is shown as sites of their own: a table each, by its name."""

    start_grace_s: int = START_GRACE_S
    """How long publishing waits after a start while no carrier of the log answers, in seconds."""

    witnesses: tuple[str, ...] = ()
    """Witnesses that this node trusts: verifier keys, each with the URL that answers for it if it is to be asked.
    Together they can decide which of two histories of a publisher is shown here."""

    @property
    def trusted(self) -> tuple[Cosigner, ...]:
        """The witnesses, read.

        Raises:
            LocalError: input.unreadable
        """
        return tuple(map(_cosigner, self.witnesses))


_TABLES: Final[dict[str, Callable[[object], CarryPolicy | SmtpAccount | tuple[ViewSettings, ...]]]] = {
    "carry": read_policy,
    "mail": read_account,
    "view": read_views,
}


def read_config(path: Path) -> Config:
    """Read the settings; a missing file is the defaults.

    Raises:
        LocalError: input.unreadable, naming the setting
    """
    try:
        settings = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise LocalError("input.unreadable", f"{path}: {error}") from error
    known = {field.name: field.type for field in fields(Config)}
    if _is_texts(settings.get("witnesses")):
        settings["witnesses"] = tuple(settings["witnesses"])
    for name, value in settings.items():
        if name not in known:
            raise LocalError(
                "input.unreadable", f"{path}: unknown setting {name!r}", expected=", ".join(known)
            )
        if name in _TABLES:
            settings[name] = _read_table(path, _TABLES[name], value)
        elif type(value) is not (get_origin(known[name]) or known[name]):
            raise LocalError(
                "input.unreadable",
                f"{path}: {name}",
                found=repr(value),
                expected=getattr(known[name], "__name__", ""),
            )
    config = Config(**settings)
    _check(path, config)
    return config


def _check(path: Path, config: Config) -> None:
    """Whether settings that can be read make sense, each and together.

    Raises:
        LocalError: input.unreadable, naming the setting
    """
    if not 0 <= config.port <= 65535:
        raise LocalError("input.unreadable", f"{path}: port", found=config.port, expected="0 to 65535")
    if (config.mail.host or config.websub) and not config.url:
        raise LocalError(
            "input.unreadable",
            f"{path}: url",
            found='""',
            expected="one, for mail or websub: links lead there",
        )
    own = urlsplit(config.url).netloc.lower()
    if own in {view.host for view in config.view if view.host}:
        raise LocalError(
            "input.unreadable", f"{path}: view", found=config.url, expected="another host than that of url"
        )
    if config.start_grace_s < 0:
        raise LocalError(
            "input.unreadable", f"{path}: start_grace_s", found=config.start_grace_s, expected="≥ 0"
        )
    if len({witness.key for witness in config.trusted}) < len(config.witnesses):
        raise LocalError(
            "input.unreadable", f"{path}: witnesses", found="one key twice", expected="each once"
        )
    if len(config.witnesses) > WITNESSES_TRUSTED_MAX:
        expected = f"≤ {WITNESSES_TRUSTED_MAX}"
        raise LocalError(
            "input.unreadable", f"{path}: witnesses", found=len(config.witnesses), expected=expected
        )


def _read_table(path: Path, read: Callable[[object], T], value: object) -> T:
    try:
        return read(value)
    except LocalError as error:
        raise LocalError(
            error.code, f"{path}: {error.message}", found=error.found, expected=error.expected
        ) from error


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _cosigner(text: str) -> Cosigner:
    vkey, _, url = text.partition(" ")
    try:
        if url and not is_witness_url(url):
            raise LocalError(
                "input.unreadable", "URL of a witness", found=url, expected="http(s)://HOST/PATH"
            )
        return parse_cosigner(vkey, url)
    except SignatureError as error:
        raise LocalError("input.unreadable", f"setting witnesses: {error}") from error


def write_config(config: Config) -> str:
    """The text of `frost.toml`, every setting with its comment."""
    notes = {
        "name": "What pages call this node. Shown to everyone.",
        "host": "Address to listen at. Any other than a loopback one lets others read all that is carried.",
        "port": "Port to listen at; 0 takes a free one.",
        "url": 'Where others reach this node, "" for nowhere. A hint, public.',
        "operator": "Who runs this node. Shown to everyone.",
        "contact": "An e-mail address or a page, for whoever has something against what is shown here. Shown to everyone.",
        "offers": "Whether other nodes may offer what they have. Whoever reaches this node then fills the disk, within limits.",
        "lease": "Whether to ask the nodes that are followed to push to `url` too, for where long streams do not last.",
        "lease_private_addresses": "Whether nodes that ask to be pushed to may be in this network. Strangers then choose where in it this node asks.",
        "private_callbacks": "Whether webhooks may go to this machine and its network: whoever may subscribe here then makes it knock there.",
        "websub": "Whether anybody may subscribe to feeds at `url` by WebSub: strangers then choose URLs that this node asks and sends to.",
        "start_grace_s": "Seconds that publishing waits after a start while no carrier of a log answers.",
        "witnesses": 'Trusted to decide which of two histories of a publisher is shown: "KEY" or "KEY URL" each.',
        "discover": "Ask peers whom they know when logs have too few sources. Strangers learn this address.",
        "discover_private": "Dial what they list also in this machine's own network: strangers can make it knock there.",
        "list_peers": "Tell others which nodes are followed here.",
        "listed": "Whether nodes that follow this one may tell others of it.",
    }
    simple = [f"# {notes[name]}\n{name} = {_toml(getattr(config, name))}\n" for name in notes]
    carry, mail = "\n".join(lines_of(config.carry)), "\n".join(mail_lines(config.mail))
    views = "\n".join(view_lines(config.view))
    return "\n".join(
        [
            *simple,
            f"# Notices by e-mail need this, and `url`.\n{mail}\n",
            f"# Catalogs of their own at /v/NAME/: as many as you like (README.md#a-catalog-of-ones-own).\n{views}\n",
            f"# Whom this node carries; `frost policy` shows it, `frost policy reload` takes up a change.\n{carry}\n",
        ]
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)
