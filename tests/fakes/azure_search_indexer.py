"""The indexers of Azure AI Search: they take JSON lines out of a folder that stands for the container, one run after the other."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.azure_search import FakeAzureSearch

_SOURCE = re.compile(r"^/datasources\('([^']+)'\)")
_INDEXER = re.compile(r"^/indexers\('([^']+)'\)")


class FakeAzureIndexers(FakeAzureSearch):
    """Takes what has changed in `container` since an indexer's last run.

    Lines with one of the words in `unreadable` fail, so many times each; a run is over when it has been looked at so many times as `looks` says.
    """

    def __init__(self, container: Path) -> None:
        super().__init__()
        self.container = container
        self.sources: dict[str, dict[str, Any]] = {}
        self.indexers: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.unreadable: dict[str, int] = {}
        self.names_items = True
        self.fails = False
        self.looks = 2
        self._under_way: dict[str, int] = {}
        self._seen: dict[tuple[str, Path], tuple[int, int]] = {}

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if source := _SOURCE.match(path):
            return self._defined(self.sources, method, source.group(1), body)
        if not (match := _INDEXER.match(path)):
            return super().handle(method, path, body)
        name, rest = match.group(1), path[match.end() :].split("?")[0]
        if not rest:
            return self._defined(self.indexers, method, name, body)
        if name not in self.indexers:
            return 404, {"error": {"code": "", "message": "no such indexer"}}
        return self.start(name) if rest == "/search.run" else (200, self._status(name))

    def _defined(self, kept: dict[str, dict[str, Any]], method: str, name: str, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            kept.pop(name, None)
            return 204, None
        is_new = name not in kept
        kept[name] = body
        return (201 if is_new else 200), body

    def start(self, name: str) -> tuple[int, Any]:
        """Begin a run, as the schedule does, too."""
        if self._under_way.get(name):
            return 409, {"error": {"code": "", "message": "another invocation is under way"}}
        self._under_way[name] = self.looks
        began = datetime.now(UTC) + timedelta(milliseconds=len(self.history.get(name, [])))
        run = {"status": "inProgress", "errorMessage": None, "startTime": _written(began), "endTime": None, "itemsProcessed": 0, "itemsFailed": 0}
        self.history.setdefault(name, []).insert(0, {**run, "errors": [], "warnings": []})
        return 202, None

    def _status(self, name: str) -> dict[str, Any]:
        if self._under_way.get(name):
            self._under_way[name] -= 1
            if not self._under_way[name]:
                self._take(name)
        runs = self.history.get(name, [])
        return {"name": name, "status": "running", "lastResult": runs[0] if runs else None, "executionHistory": runs, "limits": {}}

    def _take(self, name: str) -> None:
        run, indexer = self.history[name][0], self.indexers[name]
        source = self.sources[indexer["dataSourceName"]]
        extension = indexer["parameters"]["configuration"]["indexedFileNameExtensions"]
        fields = {field["name"] for field in self.indexes[indexer["targetIndexName"]]["fields"]}
        # without a mapping of the key, the service makes one of file and line
        is_keyed = {"sourceFieldName": "passage_id", "targetFieldName": "passage_id"} in indexer.get("fieldMappings", [])
        documents = self.documents[indexer["targetIndexName"]]
        for path in sorted((self.container / source["container"]["query"]).rglob(f"*{extension}")):
            stamp = path.stat().st_mtime_ns, path.stat().st_size
            if self._seen.get((name, path)) == stamp:
                continue
            self._seen[name, path] = stamp
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
                entry = json.loads(line)
                assert set(entry) <= fields
                key = entry["passage_id"] if is_keyed else base64.urlsafe_b64encode(f"{path.name};{number}".encode()).decode()
                word = next((word for word, times in self.unreadable.items() if times and word in line), "")
                if word:
                    self.unreadable[word] -= 1
                    run["itemsFailed"] += 1
                    where = f"localId=https%3a%2f%2fx.blob.core.windows.net%2fc%2f{path.name}&documentKey={key}"
                    error = {"key": where if self.names_items else "", "errorMessage": f"can't take {line[:40]}", "statusCode": 400}
                    run["errors"].append({**error, "name": "Projection.SearchIndex", "details": None, "documentationLink": None})
                else:
                    run["itemsProcessed"] += 1
                    documents[key] = {**entry, "passage_id": key}
        run |= {"status": "transientFailure" if self.fails else "success", "endTime": _written(datetime.now(UTC))}


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
