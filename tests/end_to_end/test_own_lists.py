"""Lists are kept in raw, and the next run redacts by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.errors import SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.lists import add_entry, list_entries, remove_entries
from lakedocs.redact.lists import Entry
from lakedocs.settings import Storage


def test_what_people_listed_counts_in_the_next_run_and_not_after_it_was_removed(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.csv").write_text("topic;sender\nthe turbine;info@firm.example\n", encoding="utf-8")
    lake = Lake(spark, Storage(root=str(tmp_path / "lake")))

    def texts() -> list[str]:
        only = ("--only", "05_ingest_msg_csv", "--only", "06_redact_pii")
        assert pipeline.run(tmp_path / "source", tmp_path / "lake", *only) == 0
        return [row["text"] for row in lake.read(tables.ELEMENTS).orderBy("ordinal").collect()]

    assert texts()[1] == "the turbine | <EMAIL_ADDRESS>"
    add_entry(lake, Entry(True, "PROJECT", "Turbine"), "ann")
    add_entry(lake, Entry(False, "", "info@firm.example"), "ann")
    with pytest.raises(SettingsError):
        add_entry(lake, Entry(True, "X", "(", True), "ann")
    assert len(list_entries(lake)) == 2
    assert texts()[1] == "the <PROJECT> | info@firm.example"
    assert remove_entries(lake, "Turbine") == 1
    assert remove_entries(lake, "Turbine") == 0
    assert texts()[1] == "the turbine | info@firm.example"
