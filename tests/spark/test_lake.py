"""Tables that several tasks want at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from lakedocs.errors import LakeError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.image_store import forget_images
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.tables import Table
from lakedocs.records import Kind
from lakedocs.settings import Storage

pytestmark = pytest.mark.spark

TASKS = 5


TABLE = Table("docs", "runs", (("task_key", "string"), ("seconds", "double")), keys=("task_key",))


def test_a_table_in_the_making_is_no_table_yet(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, Storage(root=str(tmp_path)))
    (lake.folder(TABLE) / "_delta_log" / "_staged_commits").mkdir(parents=True)  # its creator was killed before the first commit
    assert not lake.exists(TABLE)
    assert lake.ensure(TABLE) == {"runs": True}
    assert lake.read(TABLE).count() == 0
    assert lake.exists(TABLE)


def test_a_table_of_an_older_version_gets_the_columns_that_have_come_since(spark: SparkSession, tmp_path: Path) -> None:
    Lake(spark, Storage(root=str(tmp_path))).ensure(TABLE)
    lake = Lake(spark, Storage(root=str(tmp_path)))
    lake.append(TABLE, spark.createDataFrame([("a", 1.0)], TABLE.ddl))
    newer = replace(TABLE, columns=(*TABLE.columns, ("why", "string")), added=("why",))
    assert lake.read(newer).collect()[0]["why"] is None
    assert lake.ensure(newer) == {"runs": False}
    lake.append(newer, spark.createDataFrame([("b", 2.0, "because")], newer.ddl))
    assert {row["task_key"]: row["why"] for row in lake.read(newer).collect()} == {"a": None, "b": "because"}
    with pytest.raises(LakeError, match="lacks the columns cost:"):
        lake.ensure(replace(newer, columns=(*newer.columns, ("cost", "double"))))


def test_tasks_side_by_side_create_one_table_and_each_adds_its_row(spark: SparkSession, tmp_path: Path) -> None:
    together = Barrier(TASKS)

    def add(number: int) -> None:
        lake = Lake(spark, Storage(root=str(tmp_path)))
        row = spark.createDataFrame([(str(number), 1.0)], TABLE.ddl)
        together.wait()
        time.sleep(number * 0.1)  # one looks while another is half done
        lake.ensure(TABLE)
        lake.append(TABLE, row)

    with ThreadPoolExecutor(TASKS) as pool:
        list(pool.map(add, range(TASKS)))
    rows = Lake(spark, Storage(root=str(tmp_path))).read(TABLE).collect()
    assert sorted(row["task_key"] for row in rows) == [str(number) for number in range(TASKS)]


def test_stored_images_that_no_document_shows_are_deleted(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, Storage(root=str(tmp_path)))
    forget_images(lake, Kind.WORD)  # there is no image yet, and no table
    table = tables.images(Kind.WORD)
    lake.ensure(table)
    shown, orphan = "ab" + "0" * 62, "ab" + "1" * 62
    lake.append(table, spark.createDataFrame([(shown,)], "sha256 string").select(*_filled(table)))
    folder = lake.storage.images(Kind.WORD)
    files = [folder / name[:2] / f"{name}.png" for name in (shown, orphan, "cd" + "2" * 62)]
    other = lake.storage.images(Kind.PDF) / "ab" / f"{orphan}.png"
    for file in (*files, other):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"drawn")
    forget_images(lake, Kind.WORD)
    assert list(folder.rglob("*.png")) == [files[0]]
    assert other.exists(), "another task's images are not its own"


def _filled(table: Table) -> list[Column]:
    """The columns of a table, of which a frame has the hash."""
    return [F.col(name) if name == "sha256" else F.lit(None).cast(kind).alias(name) for name, kind in table.columns]
