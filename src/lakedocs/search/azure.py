"""Azure AI Search through azure-search-documents: own batches, every result read, failed keys alone sent again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError, ResourceNotFoundError
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes.models import SearchAlias
from azure.search.documents.models import VectorizedQuery

from lakedocs.embed.protocol import Vectors
from lakedocs.errors import ServiceError
from lakedocs.records import Hit, IndexEntry, PushResult, SearchFilter
from lakedocs.search.azure_definition import index_definition
from lakedocs.search.protocol import By
from lakedocs.services.batches import by_request_limits
from lakedocs.services.calls import Caller, Verdict, answered, unreachable, unreadable
from lakedocs.services.options import CallSettings, SearchSettings

_FIELDS = ("passage_id", "doc_id", "kind", "title", "heading_path", "place", "text", "label")
_ENTRY_FIELDS = (*_FIELDS, "summary", "language", "groups")
_SEARCHED = ("title", "heading_path", "text")
_CANDIDATES = 50
_PASSING_ITEM_STATUS = frozenset({409, 422, 429, 503})

Action = dict[str, Any]


class AzureSearchIndex:
    """An index of the service; documents are passages."""

    def __init__(self, settings: SearchSettings, name: str, credential: AzureKeyCredential | TokenCredential, bounds: CallSettings) -> None:
        self._settings = settings
        self._name = name
        self._caller = Caller("Azure AI Search", judge_search, bounds)
        timeouts = {"connection_timeout": bounds.seconds, "read_timeout": bounds.seconds, "retry_total": 0}
        self._documents = SearchClient(settings.endpoint, name, credential, **timeouts)
        self._indexes = SearchIndexClient(settings.endpoint, credential, **timeouts)

    def exists(self) -> bool:
        return self._found(lambda: self._indexes.get_index(self._name)) is not None

    def ensure(self, dimensions: int) -> None:
        self._call(lambda: self._indexes.create_or_update_index(index_definition(self._name, dimensions, self._settings.compression)))

    def upsert(self, entries: Sequence[IndexEntry]) -> list[PushResult]:
        documents = [{**{name: getattr(entry, name) for name in _ENTRY_FIELDS}, "vector": list(entry.vector)} for entry in entries]
        return self._send("mergeOrUpload", documents)

    def delete(self, passage_ids: Sequence[str]) -> list[PushResult]:
        return self._send("delete", [{"passage_id": passage_id} for passage_id in passage_ids])

    def finish(self) -> None:
        """Nothing: the service indexes by itself."""

    def publish(self) -> None:
        alias = SearchAlias(name=self._settings.index, indexes=[self._name])
        self._call(lambda: self._indexes.create_or_update_alias(alias))

    def published(self) -> str:
        alias = self._found(lambda: self._indexes.get_alias(self._settings.index))
        return str(alias.indexes[0]) if alias is not None and alias.indexes else ""

    def is_published(self) -> bool:
        return self.published() == self._name

    def drop(self, name: str) -> None:
        if name != self._name:
            self._call(lambda: self._indexes.delete_index(name))

    def count(self) -> int:
        return int(self._call(self._documents.get_document_count))

    def search(self, text: str, vector: Vectors, top: int, narrow: SearchFilter, by: By = "both") -> list[Hit]:
        weight = self._settings.vector_weight
        wanted: dict[str, Any] = {"filter": _filter(narrow) or None, "select": list(_FIELDS), "top": top}
        if by != "vectors":
            wanted |= {"search_text": text or None, "search_fields": list(_SEARCHED)}
        if by != "words":
            near = VectorizedQuery(
                vector=vector.tolist(), k_nearest_neighbors=max(_CANDIDATES, top), fields="vector",
                weight=round(weight / (1 - weight), 4),  # of the vectors' ranks, where the words' weigh 1
            )  # fmt: skip
            wanted |= {"vector_queries": [near], "vector_filter_mode": "preFilter"}
        if by == "both" and self._settings.semantic and text.strip():
            wanted |= {"query_type": "semantic", "semantic_configuration_name": "passages"}
        found = self._call(lambda: list(itertools.islice(self._documents.search(**wanted), top)))
        return [Hit(**{name: row.get(name) or "" for name in _FIELDS}, score=float(row["@search.score"])) for row in found]

    def _send(self, action: str, documents: list[Action]) -> list[PushResult]:
        results: dict[str, PushResult] = {}
        weights = [_weight(document) for document in documents]
        for batch in by_request_limits(weights, self._settings.batch_mb * 2**20, self._settings.batch_documents):
            results.update(self._send_batch(action, [documents[position] for position in batch]))
        return [results[str(document["passage_id"])] for document in documents]

    def _send_batch(self, action: str, batch: list[Action]) -> dict[str, PushResult]:
        """A result per key; keys that the service throttled are sent again alone until the time is up."""
        results: dict[str, PushResult] = {}
        waiting = {str(document["passage_id"]): document for document in batch}

        def attempt(_: int) -> None:
            for item in self._index(action, list(waiting.values())):
                status = item.status_code or 0
                if item.succeeded:
                    results[item.key] = PushResult(item.key, ok=True)
                else:
                    results[item.key] = PushResult(item.key, ok=False, error=f"status {status}")
                if item.succeeded or status not in _PASSING_ITEM_STATUS:
                    waiting.pop(item.key, None)
            if waiting:
                raise _SomeWaitError

        try:
            self._caller.call(attempt)
        except ServiceError as error:
            if not isinstance(error.__cause__, _SomeWaitError):
                raise
            for key in waiting:
                results.setdefault(key, PushResult(key, ok=False, error="no result"))
        return results

    def _index(self, action: str, documents: list[Action]) -> list[Any]:
        """The service's result for each document; a batch that it finds too large is halved by the SDK."""
        send = self._documents.delete_documents if action == "delete" else self._documents.merge_or_upload_documents
        found: list[Any] = send(documents)
        return found

    def _found(self, get: Callable[[], Any]) -> Any:
        """What there is of that name, or none."""
        try:
            return self._call(get)
        except ServiceError as error:
            if isinstance(error.__cause__, ResourceNotFoundError):
                return None
            raise

    def _call(self, call: Callable[[], Any]) -> Any:
        """The call's result.

        Raises:
            ServiceError: for everything that the service says no to.
        """
        return self._caller.call(lambda _: call())


class _SomeWaitError(Exception):
    """Some documents of a batch were throttled."""


def judge_search(error: BaseException) -> Verdict | None:
    """What an exception of the SDK means."""
    if isinstance(error, _SomeWaitError):
        return Verdict("throttles some documents")
    if isinstance(error, DecodeError | json.JSONDecodeError):
        return unreadable(error)
    if isinstance(error, HttpResponseError) and error.status_code:
        return answered(error.status_code, error.response.headers if error.response else {})
    return unreachable(error) if isinstance(error, AzureError) else None


def _weight(document: Action) -> int:
    """Bytes that it takes in a request, with its share of what surrounds it."""
    return len(json.dumps(document, separators=(",", ":")).encode("utf-8")) + 40


def _filter(narrow: SearchFilter) -> str:
    wanted = (("label", narrow.labels), ("kind", narrow.kinds), ("doc_id", narrow.doc_ids), ("language", narrow.languages))
    clauses = ["(" + " or ".join(f"{column} eq '{_quoted(value)}'" for value in values) + ")" for column, values in wanted if values]
    if narrow.groups:
        clauses.append("groups/any(g: " + " or ".join(f"g eq '{_quoted(group)}'" for group in narrow.groups) + ")")
    return " and ".join(clauses)


def _quoted(value: str) -> str:
    return value.replace("'", "''")
