"""A web server on loopback that serves a few files, and fails in the ways it is told to."""

import hashlib
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[["Handler", bytes, int], None]
"""How one request is answered, given the file and the byte that was asked for first."""


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; the next requests are answered by `script`, one each, later ones as they should be."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.script: list[Answer] = []
        self.always: Answer = ranged
        self.asked: list[tuple[str, str | None]] = []
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address) -> None:
        """Clients that hang up are part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        name = self.path.strip("/")
        self.server.asked.append((name, wanted))
        answer = self.server.script.pop(0) if self.server.script else self.server.always
        if name not in self.server.files:
            answer = status(404)
        start = re.fullmatch(r"bytes=(\d+)-", wanted or "")
        answer(self, self.server.files.get(name, b""), int(start[1]) if start else 0)

    def log_message(self, *_) -> None:
        """Silence."""

    def begin(self, code: int, **headers: object) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


def ranged(handler: Handler, content: bytes, start: int) -> None:
    """As a server should: 206 and the rest, 416 beyond the end."""
    if start == 0:
        whole(handler, content, 0)
    elif start >= len(content):
        handler.begin(416, Content_Length=0, Content_Range=f"bytes */{len(content)}")
    else:
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.begin(206, Content_Length=len(content) - start, Content_Range=span)
        handler.wfile.write(content[start:])


def whole(handler: Handler, content: bytes, start: int) -> None:
    """All of it, whatever was asked for."""
    handler.begin(200, Content_Length=len(content))
    handler.wfile.write(content)


def unannounced(handler: Handler, content: bytes, start: int) -> None:
    """All of it without saying how much that is."""
    handler.begin(200)
    handler.wfile.write(content)


def another_part(handler: Handler, content: bytes, start: int) -> None:
    """A part, but not the one asked for."""
    handler.begin(206, Content_Length=10, Content_Range=f"bytes {start + 1}-{start + 10}/{len(content)}")
    handler.wfile.write(content[start + 1 : start + 11])


def cut(count: int, *, ranges: bool = True) -> Answer:
    """The answer breaks off after so many bytes of what was announced."""

    def answer(handler: Handler, content: bytes, start: int) -> None:
        if not ranges:
            start = 0
        span = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        handler.begin(206 if start else 200, Content_Length=len(content) - start, **span)
        handler.wfile.write(content[start : start + count])

    return answer


def status(code: int) -> Answer:
    """Nothing but a refusal."""
    return lambda handler, content, start: handler.begin(code, Content_Length=0)


def altered(change: Callable[[bytes], bytes]) -> Answer:
    """Another file in its place."""
    return lambda handler, content, start: ranged(handler, change(content), start)


def slow(handler: Handler, content: bytes, start: int) -> None:
    """Announces the file, sends a little, and then nothing more."""
    cut(5)(handler, content, start)
    handler.wfile.flush()
    handler.server.closing.wait(10)


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Server]:
    """A server in a thread of its own."""
    server = Server(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
