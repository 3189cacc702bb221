"""Which forms a node has follows from its settings: webhooks always, mails with a server, a hub where it is wanted."""

from base64 import b64encode

import pytest

from frostnode.config import Config, read_config
from frostnode.edge.home import Home
from frostnode.edge.smtp_account import SmtpAccount
from frostnode.founding import found
from frostnode.hosting import NOTICE_KEY_LABEL
from frostnode.identity.kits import CHEAPEST
from frostnode.node import open_parts
from frostnode.notify_port import Form
from frostnode.protocol.errors import LocalError
from frostnode.protocol.keys import SigningKey, derive_seed, to_multibase

URL = "https://node.example"
MAIL = SmtpAccount(host="mail.example", sender="node@node.example")


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    found(home, Config(), passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    return home


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "forms"),
    [
        (Config(), {Form.WEBHOOK}),
        (Config(url=URL, mail=MAIL), {Form.WEBHOOK, Form.EMAIL}),
        (Config(url=URL, websub=True), {Form.WEBHOOK, Form.WEBSUB}),
    ],
)
async def test_a_node_has_the_forms_that_it_is_set_up_for(home, config, forms):
    async with open_parts(home, config) as parts:
        assert set(parts.senders) == forms
        assert (parts.consent is not None) is (Form.EMAIL in forms)
        assert (parts.hub is not None) is (Form.WEBSUB in forms)
        key = SigningKey(derive_seed(home.read_host_seed(), NOTICE_KEY_LABEL)).public
        assert parts.about["notice_key"] == to_multibase(key) != parts.about["node_key"]
        assert parts.about["webhook_key"] == f"whpk_{b64encode(key).decode()}"


@pytest.mark.parametrize(
    "text",
    [
        "websub = true",
        '[mail]\nhost = "mail.example"\nsender = "a@b.example"',
        "[mail]\nport = 0",
        "mail = 1",
    ],
)
def test_links_need_somewhere_to_lead(tmp_path, text):
    path = tmp_path / "frost.toml"
    path.write_text(text)
    with pytest.raises(LocalError) as caught:
        read_config(path)
    assert caught.value.code == "input.unreadable"
