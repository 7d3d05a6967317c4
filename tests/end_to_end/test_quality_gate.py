"""A run stops before anything is redacted when too little of the labelled sample would be hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.settings import Storage


def test_below_the_gate_nothing_is_redacted_and_above_it_all_is(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.csv").write_text("a;b\nx@y.example;1\n", encoding="utf-8")
    sample = tmp_path / "sample.jsonl"
    sample.write_text(json.dumps({"text": "the zorblax is secret", "spans": [{"start": 4, "end": 11, "entity": "CODE"}]}), encoding="utf-8")
    lake = Lake(spark, Storage(root=str(tmp_path / "lake")))
    until_06 = [part for key in ("05_ingest_msg_csv", "06_redact_pii") for part in ("--only", key)]

    def run(least: float) -> int:
        overrides = f"overrides=redaction.sample={sample}; redaction.min_recall={least}"
        return pipeline.run(tmp_path / "source", tmp_path / "lake", *until_06, "--param", overrides)

    assert run(0.9) == 1
    assert "redaction.min_recall" in " ".join(capsys.readouterr().out.split())
    assert lake.read(tables.DOCUMENTS).count() == 0
    assert run(0) == 0
    assert lake.read(tables.DOCUMENTS).count() == 1
