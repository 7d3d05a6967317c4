"""Azure AI Document Intelligence, prebuilt-layout: takes an image, answers with the address of an operation, and there with a layout."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.fakes.server import FakeService

_BEGIN = "/documentintelligence/documentModels/prebuilt-layout:analyze"
_RESULT = re.compile(r"^/documentintelligence/documentModels/prebuilt-layout/analyzeResults/(\w+)\?")
_VERSION = "api-version=2024-11-30"


@dataclass
class Page:
    """What is seen on a page: stretches of running text and tables (a list of rows), from top to bottom."""

    content: list[str | list[list[str]]] = field(default_factory=list)


class FakeLayout(FakeService):
    """Sees on a page what `page_of` says of it; an operation is running at the first `running` questions after it."""

    def __init__(self) -> None:
        super().__init__()
        self.page_of: Callable[[Image.Image], Page] = lambda image: Page([f"seen {image.width} by {image.height}"])
        self.running = 1
        self.failing: list[dict[str, Any]] = []
        self.images: list[bytes] = []
        self.operations: dict[str, tuple[int, dict[str, Any]]] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests.append((method, path, len(raw)))
        fault = self.faults.popleft() if self.faults else self.chaos()
        if fault and not fault.broken:
            return fault.status, fault.headers, json.dumps(fault.body).encode()
        status, more, told = self._told(method, path, headers, raw)
        broken = {"broken": fault.broken} if fault else {}
        return status, more | broken, json.dumps(told).encode() if told is not None else b""

    def _told(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], dict[str, Any] | None]:
        if headers["Ocp-Apim-Subscription-Key"] != "key":
            return 401, {}, {"error": {"code": "401", "message": "Access denied"}}
        if method == "POST" and path.startswith(_BEGIN) and _VERSION in path:
            return self._begun(headers, raw)
        match = _RESULT.match(path)
        if method != "GET" or match is None or match.group(1) not in self.operations:
            return 404, {}, {"error": {"code": "NotFound", "message": "Resource not found."}}
        left, result = self.operations[match.group(1)]
        if left:
            self.operations[match.group(1)] = (left - 1, result)
            return 200, {}, {"status": "running", "createdDateTime": "2026-01-01T00:00:00Z", "lastUpdatedDateTime": "2026-01-01T00:00:00Z"}
        return 200, {}, result

    def _begun(self, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], dict[str, Any] | None]:
        if headers["content-type"] != "application/octet-stream":
            return 415, {}, {"error": {"code": "InvalidRequest", "message": "Unsupported media type."}}
        image = Image.open(io.BytesIO(raw))
        if not 50 <= min(image.size) <= max(image.size) <= 10_000:
            return 400, {}, {"error": {"code": "InvalidRequest", "innererror": {"code": "InvalidContentDimensions"}}}
        self.images.append(raw)
        name = f"operation{len(self.images)}"
        error = self.failing.pop(0) if self.failing else None
        ended = {"status": "failed", "error": error} if error else {"status": "succeeded", "analyzeResult": layout(self.page_of(image))}
        self.operations[name] = (self.running, ended)
        address = f"{self.url}/documentintelligence/documentModels/prebuilt-layout/analyzeResults/{name}?{_VERSION}"
        return 202, {"Operation-Location": address, "apim-request-id": name}, None


def layout(page: Page) -> dict[str, Any]:
    """The page as the service describes it: all text in `content`, each cell a paragraph, too."""
    content, paragraphs, tables = "", [], []

    def put(text: str) -> dict[str, int]:
        nonlocal content
        span = {"offset": len(content), "length": len(text)}
        content += text + "\n"
        if text:
            paragraphs.append({"content": text, "spans": [span], "boundingRegions": [{"pageNumber": 1, "polygon": [0, 0, 1, 0, 1, 1, 0, 1]}]})
        return span

    for piece in page.content:
        if isinstance(piece, str):
            put(piece)
            continue
        start, cells = len(content), []
        for number, row in enumerate(piece):
            for column, text in enumerate(row):
                kind = {"kind": "columnHeader"} if number == 0 else {}
                spans = [put(text)] if text else []
                elements = [f"/paragraphs/{len(paragraphs) - 1}"] if text else []
                cells.append({**kind, "rowIndex": number, "columnIndex": column, "content": text, "spans": spans, "elements": elements})
        table = {"rowCount": len(piece), "columnCount": len(piece[0]), "cells": cells, "spans": [{"offset": start, "length": len(content) - start}]}
        tables.append(table)
    pages = [{"pageNumber": 1, "unit": "pixel", "spans": [{"offset": 0, "length": len(content)}], "words": [], "lines": []}]
    return {
        "apiVersion": "2024-11-30", "modelId": "prebuilt-layout", "stringIndexType": "textElements", "contentFormat": "text", "content": content,
        "pages": pages, "paragraphs": paragraphs, "tables": tables, "styles": [],
    }  # fmt: skip
