"""Lines of code as people run them: what can be run here loads what is served, whatever the address looks like."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from frostnode.snippets.choose import loadings

TABLE = b"day,extent\n1,7\n2,8\n"

pytestmark = [pytest.mark.network, pytest.mark.slow]


class Serving(BaseHTTPRequestHandler):
    """Answers the same table everywhere, and remembers what was asked."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("content-length", str(len(TABLE)))
        self.end_headers()
        self.wfile.write(TABLE)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def snippet(href, tool):
    (found,) = loadings({"locations": [{"href": href}]})
    return next(one for one in found.snippets if one.tool == tool)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ice.csv", "ice.csv"),
        ("/ice.csv?a=1&b='x'#part", "ice.csv"),
        ("/$(touch${IFS}harm)/`touch${IFS}harm`/x.csv", "x.csv"),
        ("/{a,b}[1-9];touch${IFS}harm;.csv", "a-b-1-9-touch-IFS-harm-.csv"),
        ("/..%2f.bashrc", "2f.bashrc"),
        ("/-rf", "rf"),
    ],
)
def test_curl_fetches_the_file_and_does_nothing_else(served, tmp_path, path, name):
    text = snippet(f"http://127.0.0.1:{served.server_port}{path}", "curl").text
    done = subprocess.run(["bash", "-c", text], cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == TABLE and len(served.asked) == 1
