"""A scripted HTTP server on 127.0.0.1: real routes, and a queue of faults that are answered first."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """One answer instead of the real one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"error": {"code": "", "message": "scripted"}})


class FakeService:
    """Subclasses answer `handle`; everything that was asked stands in `requests`."""

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, str, Any]] = []
        self.lock = threading.Lock()
        self.url = ""

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        raise LookupError(path)

    def times(self, fragment: str) -> int:
        """How many requests went to addresses with this in them."""
        return sum(fragment in path for _, path, _ in self.requests)


@contextmanager
def serving(service: FakeService) -> Iterator[FakeService]:
    """The service on a free port for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            body = json.loads(raw) if raw else None
            with service.lock:
                service.requests.append((self.command, self.path, body))
                if service.faults:
                    fault = service.faults.popleft()
                    status, answer, headers = fault.status, fault.body, fault.headers
                else:
                    (status, answer), headers = service.handle(self.command, self.path, body), {}
            data = json.dumps(answer).encode() if answer is not None else b""
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
