"""A serving endpoint's /invocations: vectors that depend on text and kind, in the order asked."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from tests.fakes.server import FakeService


class FakeServing(FakeService):
    """Answers as a Databricks endpoint with an embedder does."""

    def __init__(self, dimensions: int = 16) -> None:
        super().__init__()
        self.dimensions = dimensions

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if not path.endswith("/invocations"):
            return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "no such endpoint"}
        kind = body.get("params", {}).get("kind", "passage")
        return 200, {"predictions": [self._vector(kind + " " + row[0]) for row in body["dataframe_split"]["data"]]}

    def _vector(self, text: str) -> list[float]:
        vector = np.zeros(self.dimensions)
        for word in text.lower().split():
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % self.dimensions] += 1
        return [float(value) for value in vector]
