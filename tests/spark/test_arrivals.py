"""Files that a stream tells of are read without a listing of the source; what is gone shows at the next whole listing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.errors import SourceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrivals import Arrivals, below
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.records import Kind
from lakedocs.settings import load_settings

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_TASK = "05_ingest_msg_csv"


def test_what_arrives_is_read_and_what_goes_waits_for_a_listing(spark: SparkSession, tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "lake"
    (source / "a b" / "deep").mkdir(parents=True)

    def write(*names: str) -> None:
        for name in names:
            (source / name).write_text(f"name,place\n{name},Rotterdam\n", encoding="utf-8")

    def run(listing_days: float = 7) -> tuple[dict[str, str], int, int]:
        overrides = f"overrides=source.discovery=file_stream; source.listing_days={listing_days}"
        assert pipeline.run(source, root, "--only", _TASK, "--param", overrides) == 0
        figures = pipeline.task_figures(spark, root)[_TASK]
        files = {row["path"]: row["status"] for row in pipeline.read(spark, root, tables.files(Kind.MSG_CSV))}
        return files, figures["units_stale"], figures["units_gone"]

    write("one.csv", "a b/two.csv")
    assert run() == ({"one.csv": "ok", "a b/two.csv": "ok"}, 2, 0)

    write("a b/deep/Zoë.csv")
    (source / "ignored.docx").write_bytes(b"of another task")
    (source / "one.csv").unlink()
    assert run() == ({"one.csv": "ok", "a b/two.csv": "ok", "a b/deep/Zoë.csv": "ok"}, 1, 0), "nobody looked for what is gone"
    before = pipeline.versions(root)
    assert run()[1:] == (0, 0)
    assert pipeline.versions(root) == before

    write("two.csv")
    settings = load_settings("local", {"source.path": str(source), "storage.root": str(root), "source.discovery": "file_stream"})
    context = TaskContext(spark, Lake(spark, settings.storage), settings, _TASK, "a run that is killed here")
    assert Arrivals(context, Kind.MSG_CSV).gather()
    assert run()[0]["two.csv"] == "ok", "what a killed run was told is not forgotten"

    assert run(listing_days=0) == ({"a b/two.csv": "ok", "a b/deep/Zoë.csv": "ok", "two.csv": "ok"}, 0, 1)


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("dbfs:/Volumes/firm/files/in/a b/x.docx", "/Volumes/firm/files/in", "a b/x.docx"),
        ("/Volumes/firm/files/in/x.docx", "dbfs:/Volumes/firm/files/in/", "x.docx"),
        ("file:///data/x.docx", "/data", "x.docx"),
        ("file:/data/file:/x.docx", "/data", "file:/x.docx"),
    ],
)
def test_paths_are_those_of_a_listing(path: str, source: str, expected: str) -> None:
    assert below(path, source) == expected


@pytest.mark.parametrize("path", ["/elsewhere/x.docx", "/Volumes/firm/files/invoices/x.docx"])
def test_what_lies_elsewhere_is_an_error(path: str) -> None:
    with pytest.raises(SourceError, match=r"source\.path"):
        below(path, "/Volumes/firm/files/in")
