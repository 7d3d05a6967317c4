"""A file that takes too long is tried in a bounded number of runs, and anew when it changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.lakehouse import tables
from lakedocs.records import Kind

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_SHEETS = ("--only", "02_ingest_xlsx_docs")


def slow_book(path: Path, rows: int) -> None:
    book = Workbook()
    for number in range(rows):
        book.active.append([number] * 40)
    book.save(path)


def test_a_slow_file_is_tried_again_and_then_left(spark: SparkSession, tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "lake"
    source.mkdir()
    slow_book(source / "slow.xlsx", 3000)
    impatient = (*_SHEETS, "--param", "overrides=limits.seconds=0.05; source.time_out_tries=2")
    tried = []
    for _ in range(3):
        assert pipeline.run(source, root, *impatient) == 0
        (file,) = pipeline.read(spark, root, tables.files(Kind.XLSX))
        tried.append((file["status"], file["tries"], pipeline.task_figures(spark, root)["02_ingest_xlsx_docs"]["units_stale"]))
    assert tried == [("timed_out", 1, 1), ("timed_out", 2, 1), ("timed_out", 2, 0)]

    slow_book(source / "slow.xlsx", 3001)
    assert pipeline.run(source, root, *impatient) == 0
    (file,) = pipeline.read(spark, root, tables.files(Kind.XLSX))
    assert (file["status"], file["tries"]) == ("timed_out", 1), "a changed file is another one"

    assert pipeline.run(source, root, *_SHEETS) == 0
    (file,) = pipeline.read(spark, root, tables.files(Kind.XLSX))
    assert file["status"] == "ok"
    assert file["seconds"] > 0.05
    assert file["peak_mb"] > 10
