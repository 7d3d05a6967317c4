"""A scripted HTTP server on 127.0.0.1: real routes, and a queue of faults that are answered first."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass
class Fault:
    """One answer instead of the real one; or, where it is `broken`, what the network makes of the real one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"error": {"code": "", "message": "scripted"}})
    broken: Literal["", "reset", "stalled", "half", "garbage"] = ""


class FakeService:
    """Subclasses answer `handle`; everything that was asked stands in `requests`."""

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.chaos: Callable[[], Fault | None] = lambda: None
        self.requests: list[tuple[str, str, Any]] = []
        self.requests_per_minute = self.tokens_per_minute = 0
        self.held_back = 0
        self._window: deque[tuple[float, int]] = deque()
        self.lock = threading.Lock()
        self.url = ""

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        raise LookupError(path)

    def limited(self, body: Any) -> Fault | None:
        """What is answered instead where a limit is passed; subclasses know what a request counts."""
        return None

    def over_the_limit(self, tokens: int) -> Fault | None:
        """A 429 that says how long to wait, where the last minute's requests and tokens leave no room for this one."""
        now = time.monotonic()
        while self._window and self._window[0][0] < now - 60:
            self._window.popleft()
        most, allowed = self.requests_per_minute or len(self._window) + 1, self.tokens_per_minute or 10**12
        if len(self._window) < most and sum(used for _, used in self._window) + tokens <= allowed:
            self._window.append((now, tokens))
            return None
        self.held_back += 1
        return Fault(429, {"retry-after": str(int(self._window[0][0] + 60 - now) + 1)}, {"error": {"code": "429", "message": "over the limit"}})

    def answer(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (`broken`: not sent, but done to the answer), body: of a fault that waits or that chaos makes, else of `handle`."""
        body = json.loads(raw) if raw else None
        self.requests.append((method, path, body))
        fault = self.faults.popleft() if self.faults else self.chaos() or self.limited(body)
        if fault and not fault.broken:
            return fault.status, fault.headers, json.dumps(fault.body).encode()
        status, told = self.handle(method, path, body)
        broken = {"broken": fault.broken} if fault else {}
        if isinstance(told, bytes):
            return status, {"content-type": "text/event-stream", **broken}, told
        return status, broken, json.dumps(told).encode() if told is not None else b""

    def times(self, fragment: str) -> int:
        """How many requests went to addresses with this in them."""
        return sum(fragment in path for _, path, _ in self.requests)


@contextmanager
def serving(service: FakeService, tls: ssl.SSLContext | None = None) -> Iterator[FakeService]:
    """The service on a free port for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            with service.lock:
                status, headers, data = service.answer(self.command, self.path, self.headers, raw)
            broken = headers.pop("broken", "")
            if broken == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            if broken == "garbage":
                data = b"<html>Bad gateway</html>"
            self.send_response(status)
            for name, value in {"content-type": "application/json", "content-length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if broken in ("half", "stalled"):
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                time.sleep(2 if broken == "stalled" else 0)
                self.close_connection = True
            elif self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    service.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
