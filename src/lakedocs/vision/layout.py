"""Azure AI Document Intelligence, prebuilt-layout, by azure-ai-documentintelligence: paragraphs and tables of a page.

Reading a page is an operation of the service: it is begun once, and then asked after. What fails is asked again after the same operation,
for each one that is begun is paid.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from azure.ai.documentintelligence import DocumentIntelligenceClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.core.polling.base_polling import BadResponse, LROBasePolling, OperationFailed

from lakedocs.services.calls import Caller, Verdict, answered, unreachable, unreadable
from lakedocs.services.options import CallSettings, VisionSettings
from lakedocs.services.rates import Rate
from lakedocs.vision.protocol import Cells, Insight

_MODEL = "prebuilt-layout"
_REFUSED = frozenset({"InvalidRequest", "InvalidArgument", "InvalidContent", "UnsupportedContent"})
"""Codes of operations that failed because of the page."""


class LayoutReader:
    """Asks the service about each page.

    Args:
        poll_seconds: between two questions after an operation, where the service asks for no other wait.
    """

    def __init__(self, settings: VisionSettings, api_key: str, bounds: CallSettings, rate: Rate, poll_seconds: float = 1.0) -> None:
        self._bounds = bounds
        self._poll_seconds = poll_seconds
        self._caller = Caller("Azure AI Document Intelligence", _judge, bounds, [rate])
        self._client = DocumentIntelligenceClient(
            settings.layout_endpoint,
            AzureKeyCredential(api_key),
            api_version=settings.layout_api_version,
            connection_timeout=bounds.seconds,
            read_timeout=bounds.seconds,
            retry_total=0,
        )

    def read(self, image: bytes) -> Insight:
        operation = _Operation()
        return self._caller.call(lambda _: self._asked(image, operation))

    def _asked(self, image: bytes, operation: _Operation) -> Insight:
        until = operation.until = operation.until or time.monotonic() + self._bounds.total_seconds
        polling: LROBasePolling[Any, Any, Any] = _BoundedPolling(self._poll_seconds, until)
        token = {"continuation_token": operation.token} if operation.token else {}
        poller = self._client.begin_analyze_document(_MODEL, BytesIO(image), polling=polling, **token)
        operation.token = poller.continuation_token()
        try:
            said = poller.result().as_dict()
        except HttpResponseError as error:
            if isinstance(error.__cause__, OperationFailed):
                operation.token = ""  # this one will never bring anything
            raise
        try:
            return _insight(said)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise _NotALayoutError from error


@dataclass
class _Operation:
    """How to ask after an operation that was begun (empty: none was), and until when."""

    token: str = ""
    until: float = 0.0


class _BoundedPolling(LROBasePolling):  # type: ignore[misc]  # the SDK is not looked into
    """Asks after an operation until it has ended, or time is up."""

    def __init__(self, seconds: float, until: float) -> None:
        super().__init__(seconds)
        self._until = until

    def update_status(self) -> None:
        if time.monotonic() > self._until:
            raise _UnfinishedError
        super().update_status()


class _UnfinishedError(Exception):
    """The operation is still running when time is up."""


class _NotALayoutError(Exception):
    """The operation has ended, and what it brought is no layout."""


def _judge(error: BaseException) -> Verdict | None:
    if isinstance(error, _UnfinishedError):
        return Verdict("has not read a page in time", "never")
    if isinstance(error, _NotALayoutError):
        return Verdict("brought no layout of a page", "never", is_of_item=True)
    if isinstance(error, DecodeError | json.JSONDecodeError) or isinstance(error.__cause__, BadResponse):
        return unreadable(error)
    if isinstance(error, HttpResponseError) and isinstance(error.__cause__, OperationFailed):
        return _failed(error)
    if isinstance(error, HttpResponseError) and error.status_code:
        return answered(error.status_code, error.response.headers if error.response else {})
    return unreachable(error) if isinstance(error, AzureError) else None


def _failed(error: HttpResponseError) -> Verdict:
    """An operation that ended without a result: the page is at fault, or the service was, and may do better with another.

    What fails twice is of the page, too: each operation is paid, and one page would keep all others back in every run.
    """
    told = error.response.json().get("error") if error.response else None
    codes = set(_codes(told))
    return Verdict("refused a page", "never", is_of_item=True) if codes & _REFUSED else Verdict("failed on a page", "once", is_of_item=True)


def _codes(told: Any) -> Iterable[str]:
    while isinstance(told, Mapping):
        yield str(told.get("code", ""))
        told = told.get("innererror")


def _insight(said: Mapping[str, Any]) -> Insight:
    tables = said.get("tables") or []
    inside = [span for table in tables for cell in table["cells"] for span in cell.get("spans") or []]
    outside = [paragraph["content"] for paragraph in said.get("paragraphs") or [] if not _is_within(paragraph.get("spans") or [], inside)]
    return Insight("\n".join(outside), tables=tuple(map(_cells, tables)), raw=json.dumps(said, ensure_ascii=False))


def _is_within(spans: Sequence[Mapping[str, int]], others: Sequence[Mapping[str, int]]) -> bool:
    """Whether the first of the spans begins in one of the others."""
    return bool(spans) and any(other["offset"] <= spans[0]["offset"] < other["offset"] + other["length"] for other in others)


def _cells(table: Mapping[str, Any]) -> Cells:
    """The cells in their places; what spans several stands in the first of them."""
    rows = [[""] * table["columnCount"] for _ in range(table["rowCount"])]
    for cell in table["cells"]:
        rows[cell["rowIndex"]][cell["columnIndex"]] = " ".join(cell["content"].split())
    return tuple(map(tuple, rows))
