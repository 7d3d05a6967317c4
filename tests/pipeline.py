"""Runs the pipeline as `lakedocs run` does, and looks at what it left behind."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import lancedb
from pyspark.sql import SparkSession

from lakedocs.cli import cli
from lakedocs.embed.compiled import convert_ahead
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.services.options import EmbeddingSettings
from lakedocs.settings import Storage

_OF_THE_READING = ("run_id", "read_us", "seconds", "peak_mb")
LEDGERS_OF_RUNS = {"task_runs", "answers", "answer_reviews", "failures", "bills"}


def run(source: Path, root: Path, *arguments: str) -> int:
    """The exit status of `lakedocs run` in this process, on its Spark session."""
    with_converted_models(root)
    try:
        cli.main(["run", "--source", str(source), "--root", str(root), *arguments], standalone_mode=False)
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def with_converted_models(root: Path) -> None:
    """Give a new lake the packaged model as it gets converted: ten seconds of work, the same for all of them."""
    if not (root / "models").exists():
        root.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_converted(), root / "models", copy_function=_linked)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)


@cache
def _converted() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lakedocs-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    convert_ahead(EmbeddingSettings(), folder)
    return folder


def versions(root: Path) -> dict[str, int]:
    """The number of commits of every table but the run ledgers, and the version of the index."""
    found = {
        f"{log.parents[1].name}.{log.parent.name}": len(list(log.glob("*.json")))
        for log in (root / "warehouse").glob("*/*/_delta_log")
        if log.parent.name not in LEDGERS_OF_RUNS
    }
    database = lancedb.connect(str(root / "index"))
    return found | {f"index.{name}": database.open_table(name).version for name in database.list_tables().tables}


def content(spark: SparkSession, root: Path) -> dict[str, list[str]]:
    """Every row of every table but the run ledgers and of the index, without run ids and times, in a fixed order."""
    lake = Lake(spark, Storage(root=str(root)))
    found = {}
    for table in tables.ALL:
        if table.name in LEDGERS_OF_RUNS or not lake.exists(table):
            continue
        rows = (row.asDict() for row in lake.read(table).collect())
        found[f"{table.schema}.{table.name}"] = sorted(
            json.dumps({k: v for k, v in row.items() if k not in _OF_THE_READING}, sort_keys=True, default=str) for row in rows
        )
    for name, rows in index_rows(root).items():
        found[f"index.{name}"] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return found


def index_rows(root: Path) -> dict[str, list[dict[str, Any]]]:
    """The entries of every Lance table, without vectors."""
    database = lancedb.connect(str(root / "index"))
    return {
        name: [{k: v for k, v in row.items() if k != "vector"} for row in database.open_table(name).to_arrow().to_pylist()]
        for name in database.list_tables().tables
    }


def task_figures(spark: SparkSession, root: Path) -> dict[str, dict[str, Any]]:
    """The last run's row of each task."""
    lake = Lake(spark, Storage(root=str(root)))
    rows = [row.asDict() for row in lake.read(tables.TASK_RUNS).collect()]
    last = max(row["run_id"] for row in rows)
    return {row["task_key"]: row for row in rows if row["run_id"] == last}


def read(spark: SparkSession, root: Path, table: tables.Table) -> list[dict[str, Any]]:
    """The rows of a table."""
    return [row.asDict() for row in Lake(spark, Storage(root=str(root))).read(table).collect()]
