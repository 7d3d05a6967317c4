"""Azure AI Search (2026-04-01): indexes, documents with per-item results, hybrid search with filters."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.server import FakeService

_INDEX = re.compile(r"^/indexes\('([^']+)'\)")
_ALIAS = re.compile(r"^/aliases\('([^']+)'\)")
_MOST_DOCUMENTS = 1000


class FakeAzureSearch(FakeService):
    """Keeps indexes and their documents; `item_faults` answers single keys with a status, each so many times."""

    def __init__(self) -> None:
        super().__init__()
        self.indexes: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}
        self.aliases: dict[str, str] = {}
        self.item_faults: dict[str, list[int]] = {}
        self.batch_sizes: list[int] = []

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if alias := _ALIAS.match(path):
            return self._alias(method, alias.group(1), body)
        match = _INDEX.match(path)
        if not match:
            return 404, {"error": {"code": "", "message": "no such route"}}
        name, rest = match.group(1), path[match.end() :].split("?")[0]
        if rest == "":
            return self._definition(method, name, body)
        if name not in self.indexes:
            return 404, {"error": {"code": "", "message": "no such index"}}
        if rest == "/docs/search.index":
            return self._write(name, body["value"])
        if rest == "/docs/$count":
            return 200, len(self.documents[name])
        if rest == "/docs/search.post.search":
            return 200, {"value": self._search(name, body)}
        return 404, {"error": {"code": "", "message": "no such route"}}

    def _definition(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            if name in self.aliases.values():
                return 400, {"error": {"code": "", "message": "an alias refers to it"}}
            self.indexes.pop(name, None)
            self.documents.pop(name, None)
            return 204, None
        if method == "PUT":
            is_new = name not in self.indexes
            self.indexes[name] = body
            self.documents.setdefault(name, {})
            return (201 if is_new else 200), body
        if name not in self.indexes:
            return 404, {"error": {"code": "", "message": "no such index"}}
        return 200, self.indexes[name]

    def _alias(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        if method == "PUT":
            (target,) = body["indexes"]
            if target not in self.indexes:
                return 400, {"error": {"code": "", "message": "no such index"}}
            is_new = name not in self.aliases
            self.aliases[name] = target
            return (201 if is_new else 200), body
        if name not in self.aliases:
            return 404, {"error": {"code": "", "message": "no such alias"}}
        return 200, {"name": name, "indexes": [self.aliases[name]]}

    def _write(self, name: str, actions: list[dict[str, Any]]) -> tuple[int, Any]:
        self.batch_sizes.append(len(actions))
        if len(actions) > _MOST_DOCUMENTS:
            return 400, {"error": {"code": "", "message": "too many"}}
        fields = {field["name"] for field in self.indexes[name]["fields"]}
        results = []
        for action in actions:
            key = action["passage_id"]
            if scripted := self.item_faults.get(key):
                status = scripted.pop(0)
                results.append({"key": key, "status": False, "errorMessage": "scripted", "statusCode": status})
                continue
            values = {name: value for name, value in action.items() if not name.startswith("@")}
            assert set(values) <= fields, set(values) - fields
            if action["@search.action"] == "delete":
                self.documents[name].pop(key, None)
            else:
                self.documents[name].setdefault(key, {}).update(values)
            results.append({"key": key, "status": True, "errorMessage": None, "statusCode": 200})
        return (200 if all(result["status"] for result in results) else 207), {"value": results}

    def _search(self, name: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        words = set(re.findall(r"\w+", (body.get("search") or "").lower()))
        found = []
        for document in self.documents[name].values():
            if not _passes(document, body.get("filter") or ""):
                continue
            queries = body.get("vectorQueries")
            cosine = sum(a * b for a, b in zip(queries[0]["vector"], document["vector"], strict=True)) if queries else 0.0
            shared = len(words & set(re.findall(r"\w+", document["text"].lower())))
            found.append((cosine + shared, document))
        found.sort(key=lambda pair: (-pair[0], pair[1]["passage_id"]))
        wanted = body["select"].split(",")
        return [{"@search.score": score, **{field: document[field] for field in wanted}} for score, document in found[: body["top"]]]


def _passes(document: dict[str, Any], expression: str) -> bool:
    for clause in filter(None, expression.split(" and ")):
        pairs = re.findall(r"(\w+) eq '((?:[^']|'')*)'", clause)
        if clause.startswith("groups/any(g: "):
            if not {value.replace("''", "'") for _, value in pairs} & set(document["groups"]):
                return False
        elif not any(document[field] == value.replace("''", "'") for field, value in pairs):
            return False
    return True
