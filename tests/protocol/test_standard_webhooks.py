"""Signatures of messages, judged by the library of Standard Webhooks and by another Ed25519."""

import json
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from frostnode.protocol.keys import SigningKey
from frostnode.protocol.standard_webhooks import (
    webhook_headers,
    write_webhook_key,
    write_webhook_secret,
)

KEY = SigningKey(bytes(range(32)))
SECRET = bytes(range(24))
ID = "1.0.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"


def public_key():
    text = write_webhook_key(KEY.public)
    assert text.startswith("whpk_")
    return Ed25519PublicKey.from_public_bytes(b64decode(text.removeprefix("whpk_")))


@given(st.text())
def test_both_signatures_verify_and_no_other_body_does(text):
    body = json.dumps({"text": text}).encode()
    now_s = int(datetime.now(UTC).timestamp())
    headers = webhook_headers(ID, body, now_s=now_s, key=KEY, secret=SECRET)
    assert Webhook(write_webhook_secret(SECRET)).verify(body, headers) == {"text": text}
    asymmetric, symmetric = headers["webhook-signature"].split(" ")
    assert (asymmetric[:4], symmetric[:3]) == ("v1a,", "v1,")
    signed = f"{ID}.{now_s}.".encode() + body
    public_key().verify(b64decode(asymmetric[4:]), signed)
    with pytest.raises(InvalidSignature):
        public_key().verify(b64decode(asymmetric[4:]), signed + b" ")


def test_without_a_secret_there_is_one_signature():
    headers = webhook_headers(ID, b"{}", now_s=1, key=KEY, secret=b"")
    assert headers["webhook-signature"].startswith("v1a,")
    assert " " not in headers["webhook-signature"]
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (ID, "1")
