"""How a node tells others, put together: which forms it has follows from the ways out that it was given."""

from collections.abc import Callable
from dataclasses import dataclass, field

from frostnode.notify.hub import Hub
from frostnode.notify.mail import Consent, MailSender
from frostnode.notify.mail_links import MailLinks
from frostnode.notify.mail_text import MailForm
from frostnode.notify.webhook import WebhookSender
from frostnode.notify.websub import Feeds, WebSubSender
from frostnode.notify_port import Form
from frostnode.operations.parts import Parts
from frostnode.protocol.keys import SigningKey
from frostnode.wire import Callbacks, Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """The ways out, and what is signed with; None where there is none."""

    callbacks: Callbacks | None = None
    """To URLs that the operator has named."""
    guarded: Callbacks | None = None
    """To URLs that strangers have named."""
    notice_key: SigningKey | None = None
    """With which webhooks are signed."""
    mailer: Mailer | None = None
    mail_sender: str = ""
    """The address that mails come from."""
    link_key: bytes = field(default=b"", repr=False)
    """With which links in mails are made."""
    make_feeds: Callable[[Parts], Feeds] | None = None
    """Makes what shows the feeds of a node, to whoever wants them by WebSub."""


def equip(parts: Parts, outlets: Outlets) -> None:
    """Give a node the forms in which it tells others."""
    if outlets.callbacks is not None and outlets.notice_key is not None:
        parts.senders[Form.WEBHOOK] = WebhookSender(
            callbacks=outlets.callbacks, key=outlets.notice_key, clock=parts.clock, node=parts.url
        )
    if outlets.mailer is not None:
        _equip_with_mail(parts, outlets.mailer, outlets)
    if outlets.guarded is not None and outlets.make_feeds is not None:
        _equip_with_hub(parts, outlets.guarded, outlets.make_feeds(parts))


def _equip_with_mail(parts: Parts, mailer: Mailer, outlets: Outlets) -> None:
    links = MailLinks(parts.url, outlets.link_key)
    form = MailForm(sender=outlets.mail_sender, name=parts.name, links=links)
    parts.senders[Form.EMAIL] = MailSender(mailer=mailer, form=form, clock=parts.clock)
    parts.consent = Consent(
        mailer=mailer, form=form, watches=parts.watches, worker=parts.worker, clock=parts.clock
    )


def _equip_with_hub(parts: Parts, callbacks: Callbacks, feeds: Feeds) -> None:
    parts.senders[Form.WEBSUB] = WebSubSender(
        callbacks=callbacks, feeds=feeds, worker=parts.worker, clock=parts.clock, node=parts.url
    )
    parts.hub = Hub(
        node=parts.url,
        feeds=feeds,
        callbacks=callbacks,
        log=parts.log,
        watches=parts.watches,
        worker=parts.worker,
        clock=parts.clock,
        random=parts.random,
        matched=parts.projected,
    )
