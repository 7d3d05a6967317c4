"""A workspace's serving endpoints: created, updated one at a time, ready after being asked for a while."""

from __future__ import annotations

from typing import Any

from tests.fakes.server import FakeService

_ROOT = "/api/2.0/serving-endpoints"


class FakeWorkspace(FakeService):
    """Remembers what each endpoint serves; `busy_for` answers of it say that an update is under way."""

    def __init__(self, busy_for: int = 1) -> None:
        super().__init__()
        self.endpoints: dict[str, list[dict[str, Any]]] = {}
        self.busy_for = busy_for
        self.busy: dict[str, int] = {}
        self.failed: set[str] = set()

    def handle(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == _ROOT and method == "POST":
            if body["name"] in self.endpoints:
                return 400, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "it is there"}
            return self._put(body["name"], body["config"]["served_entities"])
        name = path.removeprefix(f"{_ROOT}/").removesuffix("/config")
        if not path.startswith(_ROOT) or name not in self.endpoints:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such endpoint"}
        if method == "PUT":
            if self.busy[name] > 0:
                return 409, {"error_code": "RESOURCE_CONFLICT", "message": "an update is under way"}
            return self._put(name, body["served_entities"])
        self.busy[name] -= 1
        return 200, self._told(name)

    def _put(self, name: str, entities: list[dict[str, Any]]) -> tuple[int, Any]:
        self.endpoints[name] = entities
        self.failed.discard(name)
        self.busy[name] = self.busy_for
        return 200, self._told(name)

    def _told(self, name: str) -> dict[str, Any]:
        updating = "UPDATE_FAILED" if name in self.failed else "IN_PROGRESS" if self.busy[name] > 0 else "NOT_UPDATING"
        return {"name": name, "config": {"served_entities": self.endpoints[name]}, "state": {"ready": "READY", "config_update": updating}}
