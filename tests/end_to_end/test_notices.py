"""Notices from real nodes to a real receiver: they survive kill -9 at every moment, and a repetition has the same id."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook

pytestmark = [pytest.mark.slow, pytest.mark.network]

PATIENCE_S = 30


class Receiver:
    """A web server of the standard library that answers `status`, and what it was sent."""

    def __init__(self):
        self.status = 200
        self.came = queue.Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.came.put((dict(self.headers), body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook?token=4711"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def next(self):
        """The next message: (header fields, event)."""
        headers, body = self.came.get(timeout=PATIENCE_S)
        return headers, body, json.loads(body)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def allow_private(node):
    settings = node.home / "frost.toml"
    settings.write_text(settings.read_text().replace("private_callbacks = false", "private_callbacks = true"))


def test_a_webhook_is_told_verifiably_and_kill_9_loses_nothing(make_node, receiver, tmp_path):
    node = make_node("node")
    did = node.init("node")["did"]
    allow_private(node)
    node.start()
    answer = node.json("subscribe", did, "--private", "--webhook", receiver.url)
    node.secrets |= {answer["secret"], "token=4711", (node.home / "host.seed").read_text().strip()}

    def publish(key):
        record = tmp_path / f"{key}.json"
        record.write_text(json.dumps({"type": "dataset", "key": key, "title": key}))
        node.frost("publish", record)

    publish("first")
    headers, body, event = receiver.next()
    assert event["data"]["key"] == "first"
    Webhook(answer["secret"]).verify(body, headers)
    receiver.status = 500
    publish("second")
    _, _, refused = receiver.next()
    node.kill()
    receiver.status = 200
    publish("third")  # at rest: it is matched when the node runs again
    node.start()
    keys = {}
    while len(keys) < 2:
        _, _, event = receiver.next()
        keys.setdefault(event["data"]["key"], event)
    assert list(keys) == ["second", "third"]
    assert keys["second"]["id"] == refused["id"]
    assert keys["third"]["data"]["previous"] == refused["id"]
    assert answer["secret"] not in node.frost("subscriptions", "--json").stdout.decode()
    node.stop()


def test_a_webhook_into_this_network_is_refused_with_what_would_allow_it(make_node, receiver):
    node = make_node("node")
    did = node.init("node")["did"]
    node.start()
    id_ = node.json("subscribe", did, "--private", "--webhook", receiver.url)["id"]
    node.secrets.add("token=4711")
    done = node.frost("subscriptions", "test", id_, check=False)
    assert done.returncode != 0
    said = done.stderr.decode()
    assert "found 127.0.0.1, expected public ones (private_callbacks" in said
    assert "token=4711" not in said
    assert receiver.came.empty()
    node.stop()
