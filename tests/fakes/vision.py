"""Azure AI Vision, Image Analysis 4.0: takes image bytes within its limits, answers caption, tags and lines of text."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping

from PIL import Image

from tests.fakes.server import FakeService


class FakeVision(FakeService):
    """Sees in an image what `text_of` says of it."""

    def __init__(self) -> None:
        super().__init__()
        self.text_of: Callable[[Image.Image], str] = lambda image: f"seen {image.width} by {image.height}"
        self.images: list[bytes] = []

    def answer(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests.append((method, path, len(raw)))
        fault = self.faults.popleft() if self.faults else self.chaos()
        if fault and not fault.broken:
            return fault.status, fault.headers, json.dumps(fault.body).encode()
        status, told = self._analysed(path, headers, raw)
        return status, {"broken": fault.broken} if fault else {}, json.dumps(told).encode()

    def _analysed(self, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, object]]:
        if not path.startswith("/computervision/imageanalysis:analyze?api-version=2024-02-01"):
            return 404, {"error": {"code": "404", "message": "Resource not found"}}
        if headers["Ocp-Apim-Subscription-Key"] != "key":
            return 401, {"error": {"code": "401", "message": "Access denied"}}
        image = Image.open(io.BytesIO(raw))
        if len(raw) > 20 * 2**20 or not 50 <= min(image.size) <= max(image.size) <= 16_000 or image.format not in ("PNG", "JPEG"):
            return 400, {"error": {"code": "InvalidRequest", "message": "The image is not supported", "innererror": {"code": "InvalidImageSize"}}}
        self.images.append(raw)
        lines = [{"text": line, "boundingPolygon": [], "words": []} for line in self.text_of(image).split("\n") if line]
        return 200, {
            "modelVersion": "2023-10-01", "metadata": {"width": image.width, "height": image.height},
            "captionResult": {"text": "a picture on a wall", "confidence": 0.8}, "tagsResult": {"values": [{"name": "wall", "confidence": 0.9}]},
            "readResult": {"blocks": [{"lines": lines}] if lines else []},
        }  # fmt: skip
