"""MLflow's own scoring server on 127.0.0.1: what stands behind a workspace's serving endpoint."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

_START_SECONDS = 120


@contextmanager
def mlflow_server(model: str, tracking_uri: str, log: Path) -> Iterator[str]:
    """The URL that ends in /invocations, for as long as the block lasts."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "-p", str(port), "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with open(log, "wb") as file:
        server = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, "MLFLOW_TRACKING_URI": tracking_uri, "PATH": path}, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/ping", timeout=5).ok
    return False
