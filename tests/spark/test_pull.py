"""The index filled by an indexer of the service from what 09 exports, with summaries, by which long documents are labelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.azure_search_indexer import FakeAzureIndexers
from tests.fakes.server import serving

from lakedocs.lakehouse import tables

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_TASKS = ("05_ingest_msg_csv", "06_redact_pii", "07_local_e5_model_classification", "08_embeddings", "09_push_to_ai_search")
_ONLY = tuple(part for task in _TASKS for part in ("--only", task))


def letter(sentences: int) -> str:
    """A mail of so many paragraphs."""
    text = "\n\n".join(f"The rent of lot{number} was raised by the landlord again in the spring of this year." for number in range(sentences))
    return f"Subject: rents\nFrom: desk@firm.example\nTo: files@firm.example\nContent-Type: text/plain\n\n{text}\n"


def exported(container: Path) -> str:
    return "".join(path.read_text() for path in container.rglob("*.jsonl"))


def test_documents_are_exported_pulled_and_taken_back(spark: SparkSession, tmp_path: Path) -> None:
    source, root, container = tmp_path / "source", tmp_path / "lake", tmp_path / "container"
    source.mkdir()
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "search_api_key").write_text("key")
    for number in range(3):
        (source / f"note{number}.csv").write_text(f"topic,remark\nlease {number},the rent of house{number} is due in May\n")
    (source / "cells.csv").write_text("a,b\n" + "".join(f"{n},{n + 1}\n" for n in range(500)))  # no sentence to be summarised by
    long = source / "long.eml"
    long.write_text(letter(60))
    with serving(FakeAzureIndexers(container)) as search:
        assert isinstance(search, FakeAzureIndexers)
        pull = f"{{folder: {container}/out, connection: ResourceId=/x, container: c, container_folder: out}}"
        overrides = (
            "overrides=summaries.enabled=true; classification.summary_above=2; search.engine=azure_ai_search; "
            f"search.endpoint={search.url}; search.feed=pull; search.pull={pull}; calls.total_seconds=5"
        )
        chosen = (*_ONLY, "--param", overrides)
        assert pipeline.run(source, root, *chosen) == 0
        (name,) = search.documents
        assert search.aliases == {"lakedocs": name}
        passages = {row["passage_id"]: row for row in pipeline.read(spark, root, tables.PASSAGES)}
        assert search.documents[name].keys() == passages.keys()
        entries = search.documents[name].values()
        by_document = {row["doc_id"]: row["text"] for row in pipeline.read(spark, root, tables.SUMMARIES)}
        assert {(entry["doc_id"], entry["summary"]) for entry in entries} == set(by_document.items())
        (long_document,) = {entry["doc_id"] for entry in entries if "lot3" in entry["text"]}
        assert len({entry["passage_id"] for entry in entries if entry["doc_id"] == long_document}) > 2
        assert len({entry["label"] for entry in entries if entry["doc_id"] == long_document}) == 1
        judged = {row["text_hash"] for row in pipeline.read(spark, root, tables.LABEL_VECTORS)}
        short = {row["text_hash"] for row in passages.values() if row["doc_id"] != long_document}
        assert short < judged, "what has no summary is labelled by its own text"
        assert len(judged) == len(short) + 1, "three notes, cells, and a summary in place of all passages of the long one"

        runs = len(search.history[name])
        assert pipeline.run(source, root, *chosen) == 0
        assert len(search.history[name]) == runs, "nothing new: nothing is exported, no indexer is run"

        (source / "note1.csv").unlink()
        long.write_text(letter(40))
        (source / "note2.csv").write_text("topic,remark\nlease 2,the rent of house2 is due in June\n")
        assert pipeline.run(source, root, *chosen) == 0
        held = str(search.documents[name])
        for gone in ("house1", "lot45", "house2 is due in May"):
            assert gone not in held
            assert gone not in exported(container)
        assert "due in June" in held
        assert "lot3" in held

        (source / "note0.csv").write_text("topic,remark\nlease 0,the rent of hut0 is due in May\n")
        search.unreadable, search.names_items = {"hut0": 1}, False
        assert pipeline.run(source, root, *chosen) == 1
        assert "hut0" not in str(search.documents[name])
        assert len(pipeline.read(spark, root, tables.FAILURES)) == 1
        assert pipeline.run(source, root, *chosen) == 0
        assert "hut0" in str(search.documents[name])
        assert "house0" not in str(search.documents[name])

        held = dict(search.documents[name])
        assert pipeline.run(source, root, "--only", _TASKS[-1], "--param", overrides.replace("feed=pull", "feed=push")) == 0
        assert (search.indexers, search.sources, exported(container)) == ({}, {}, ""), "an indexer that goes on would bring back what is deleted"
        assert search.documents[name] == held
