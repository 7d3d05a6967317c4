"""Tables that several tasks want at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from pyspark.sql import SparkSession

from lakedocs.errors import LakeError
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.tables import Table
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
