"""Imports point one way: tasks and job -> lakehouse -> agent -> capabilities -> records, settings, errors; Spark stays where it belongs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "lakedocs"
CAPABILITIES = {"extract", "redact", "passages", "classify", "embed", "search", "answer", "serving", "spending", "llm", "vision", "summarise"}
WITH_SPARK = {"lakehouse", "tasks", "job", "train"}
SHARED = {"records", "settings", "keys", "errors", "services"}
OPEN_DOORS = {"protocol"}
"""What one capability may import of another: the protocol, never an adapter."""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def problems(package: str, imported: str) -> str:
    """Why a module of `package` may not import that; empty where it may."""
    if imported.split(".")[0] in ("pyspark", "delta") and package not in WITH_SPARK | {"cli"}:
        return "Spark outside lakehouse, tasks, train and job"
    parts = imported.split(".")
    if parts[0] != "lakedocs" or len(parts) < 2:
        return ""
    other = parts[1]
    if package in CAPABILITIES:
        if other in CAPABILITIES and other != package and (len(parts) < 3 or parts[2] not in OPEN_DOORS):
            return "a capability imports another's adapter"
        if other not in CAPABILITIES | SHARED:
            return "a capability looks upwards"
    if package == "agent" and other not in CAPABILITIES | SHARED | {"agent"}:
        return "the agent looks upwards"
    if package == "lakehouse" and other in ("tasks", "train", "job", "cli"):
        return "lakehouse looks upwards"
    if package in ("tasks", "train") and other in ("job", "cli"):
        return "a task looks upwards"
    if package in ("records", "errors", "services") and other not in SHARED:
        return "the ground floor looks upwards"
    return ""


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert [(name, why) for name in imports(path) if (why := problems(package, name))] == []


@pytest.mark.parametrize(
    ("package", "imported", "allowed"),
    [
        ("redact", "pyspark.sql", False),
        ("search", "lakedocs.embed.local", False),
        ("search", "lakedocs.embed.protocol", True),
        ("embed", "lakedocs.lakehouse.lake", False),
        ("lakehouse", "lakedocs.tasks", False),
        ("tasks", "lakedocs.search.open", True),
        ("agent", "lakedocs.search.open", True),
        ("agent", "lakedocs.lakehouse.lists", False),
        ("agent", "pyspark.sql", False),
        ("answer", "lakedocs.agent.opened", False),
        ("extract", "lakedocs.records", True),
    ],
)
def test_the_rule_itself(package: str, imported: str, allowed: bool) -> None:
    assert bool(problems(package, imported)) is not allowed


def test_only_settings_and_keys_look_at_the_environment() -> None:
    users = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if "os.environ" in path.read_text(encoding="utf-8")}
    assert users == {"settings.py", "keys.py", "serving/azureml/score.py"}, "score.py runs where Azure ML names the model's folder so"


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    assert [path.name for path in SOURCE.rglob("*.py") if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []
