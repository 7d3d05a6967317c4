"""Which files of the ledger are read again: those that another parser, limit or password may read better, and no others."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from docx import Document as Word
from msoffcrypto.format.ooxml import OOXMLFile
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.extract.versions import label
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.reading import ReadAs, purged_fingerprint
from lakedocs.records import Kind

pytestmark = pytest.mark.spark

NEW, OLD = label("word"), "word/0"
FAILED = ("failed",)
BOTH = ("all", "failed")
NONE: tuple[str, ...] = ()
CASES = [
    # the file's parser, fingerprint, status, flags; which choices of source.read_again read it again
    ("as it is now", NEW, "L" * 16, "ok", [], NONE),
    ("refused as it is now", label("kinds"), "L" * 16, "unsupported", [], NONE),
    ("an old parser read all of it", OLD, "L" * 16, "ok", [], ("all",)),
    ("an old parser refused it", OLD, "L" * 16, "corrupt", [], BOTH),
    ("an old parser cut it", OLD, "L" * 16, "ok", ["macros", "truncated"], BOTH),
    ("killed by an old limit", NEW, "l" * 16, "timed_out", [], BOTH),
    ("read within an old limit", NEW, "l" * 16, "ok", [], ("all",)),
    ("to be tried again", NEW, "", "timed_out", [], BOTH),
    ("with pictures", NEW, "L" * 16 + ":p", "ok", [], NONE),
    ("another engine read its pictures", NEW, "L" * 16 + ":q", "ok", [], BOTH),
    ("no password opened it", NEW, "L" * 16 + ":k", "encrypted", [], NONE),
    ("other passwords did not open it", NEW, "L" * 16 + ":j", "encrypted", [], BOTH),
    ("its text was purged", NEW, purged_fingerprint("L" * 16, "now"), "ok", [], NONE),
    ("its text was purged under another policy", NEW, purged_fingerprint("L" * 16, "then"), "ok", [], BOTH),
]


@pytest.mark.parametrize("choice", BOTH)
def test_a_file_is_read_again_where_it_may_gain(spark: SparkSession, choice: str) -> None:
    read_as = ReadAs("L" * 16, ":p", "", ":k", only_failed=choice == "failed")
    rows = [(name, name, parser, fingerprint, status, flags) for name, parser, fingerprint, status, flags, _ in CASES]
    # a mail that was read well, with an attachment that was not
    rows += [("mail", "mail", label("mail"), "L" * 16, "ok", []), ("mail", "its attachment", OLD, "L" * 16, "corrupt", [])]
    ledger = spark.createDataFrame(rows, "root_id string, doc_id string, parser string, fingerprint string, status string, flags array<string>")
    known = read_as.marked(ledger.where("root_id = doc_id"), ledger)
    again = {row["root_id"] for row in known.where(~read_as.is_settled(purged_under="now")).collect()}
    assert again == {name for name, *_, choices in CASES if choice in choices} | {"mail"}


@pytest.mark.slow
def test_a_password_that_comes_later_opens_what_was_refused(spark: SparkSession, tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "lake"
    source.mkdir()
    for name, password in (("plain.docx", ""), ("locked.docx", "Rosebud")):
        word, data = Word(), io.BytesIO()
        word.add_paragraph("The merger is off.")
        word.save(data)
        if password:
            OOXMLFile(data).encrypt(password, sealed := io.BytesIO())
            data = sealed
        (source / name).write_bytes(data.getvalue())

    def statuses() -> tuple[dict[str, tuple[str, list[str]]], int]:
        assert pipeline.run(source, root, "--only", "01_ingest_word_docs") == 0
        files = {row["name"]: (row["status"], row["flags"]) for row in pipeline.read(spark, root, tables.files(Kind.WORD))}
        return files, pipeline.task_figures(spark, root)["01_ingest_word_docs"]["units_stale"]

    assert statuses() == ({"plain.docx": ("ok", []), "locked.docx": ("encrypted", [])}, 2)
    (root / "keys" / "document_passwords").write_text("wrong\nRosebud\n")
    assert statuses() == ({"plain.docx": ("ok", []), "locked.docx": ("ok", ["unlocked"])}, 1)
    assert statuses()[1] == 0
    for table in tables.ALL:
        if pipeline.Lake(spark, pipeline.Storage(root=str(root))).exists(table):
            assert not any("Rosebud" in str(row) for row in pipeline.read(spark, root, table))
