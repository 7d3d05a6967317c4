"""Pages of PDFs read by the service for documents: those without text, and the tables of others; no page that needs it not, and each once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document
from PIL import Image
from pyspark.sql import SparkSession
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from tests import pipeline
from tests.fakes.document_intelligence import FakeLayout, Page
from tests.fakes.server import Fault, serving

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind
from lakedocs.settings import Storage

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_PDF = ("--only", "04_ingest_pdf_docs")
_RENTS = [["Office", "Rent"], ["Rotterdam", "1250"], ["Utrecht", "900"]]
_SEEN_RENTS = [["Office", "Rent of May"], ["Rotterdam", "1,250 EUR"], ["both", ""], ["Utrecht", "900 EUR"]]
_SCAN = Page(["Invoice of the harbour master.", [["Berth", "Fee"], ["", ""], ["Quay 4", "75"], ["Paid", ""]], "Payable in June."])


@pytest.fixture
def service() -> Iterator[FakeLayout]:
    with serving(FakeLayout()) as running:
        assert isinstance(running, FakeLayout)
        table = Page(["Offices and their rents:", _SEEN_RENTS])
        running.page_of = lambda image: _SCAN if image.convert("L").getpixel((600, 600)) < 128 else table
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    canvas = Canvas(str(folder / "scan.pdf"))
    canvas.drawImage(ImageReader(Image.new("RGB", (400, 500), "black")), 60, 200, 450, 500)
    canvas.save()
    canvas = Canvas(str(folder / "rents.pdf"))
    canvas.drawString(72, 700, "The first page is of text.")
    canvas.drawImage(ImageReader(Image.new("RGB", (80, 80), "blue")), 60, 500, 60, 60)
    canvas.showPage()
    canvas.drawString(72, 720, "Offices and their rents:")
    canvas.setLineWidth(0.5)
    for x in (72, 200, 330):
        canvas.line(x, 600, x, 660)
    for y in (600, 620, 640, 660):
        canvas.line(72, y, 330, y)
    canvas.line(72, 100, 330, 100)
    for row, cells in enumerate(_RENTS):
        for column, text in enumerate(cells):
            canvas.drawString(76 + 128 * column, 645 - 20 * row, text)
    canvas.showPage()
    canvas.drawString(72, 700, "The third page is of text again.")
    canvas.showPage()
    canvas.save()
    canvas = Canvas(str(folder / "plain.pdf"))
    canvas.drawString(72, 700, "A letter without tables.")
    canvas.save()
    word = Document()
    word.add_paragraph("No PDF, whatever its name says.")
    word.save(str(folder / "word.pdf"))
    return folder


def elements(lake: Lake, name: str) -> list[tuple[str, str, int, int | None]]:
    """Kind, text, level and page of a file's elements in their order; what its row says of them is right."""
    (file,) = [row for row in lake.read(tables.files(Kind.PDF)).collect() if row["name"] == name]
    rows = sorted((row for row in lake.read(tables.elements(Kind.PDF)).collect() if row["doc_id"] == file["doc_id"]), key=lambda row: row["ordinal"])
    assert [row["ordinal"] for row in rows] == list(range(len(rows)))
    assert (file["elements"], file["characters"]) == (len(rows), sum(len(row["text"]) for row in rows))
    return [(row["kind"], row["text"], row["level"], row["page"]) for row in rows if row["region"] != "metadata"]


def column(lake: Lake, name: str) -> dict[str, str]:
    return {row["name"]: row[name] for row in lake.read(tables.files(Kind.PDF)).collect()}


def prepared(spark: SparkSession, root: Path) -> Lake:
    """A lake with the key, and with tables as an older version made them."""
    lake = Lake(spark, Storage(root=str(root)))
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "layout_api_key").write_text("key")
    for table in (tables.images(Kind.PDF), tables.image_insights(Kind.PDF)):
        lake.ensure(replace(table, columns=tuple(one for one in table.columns if one[0] not in table.added), added=()))
    return lake


def chosen(service: FakeLayout, layout: str) -> tuple[str, str]:
    return "--param", f"overrides=vision.layout={layout}; vision.layout_endpoint={service.url}; calls.total_seconds=3"


def test_pages_are_read_where_they_need_it(spark: SparkSession, source: Path, tmp_path: Path, service: FakeLayout) -> None:
    root = tmp_path / "lake"
    lake = prepared(spark, root)
    assert lake.read(tables.images(Kind.PDF)).count() == 0, "a table of an older version can be read as it is"
    assert pipeline.run(source, root, *_PDF) == 0
    assert column(lake, "status") == {"scan.pdf": "needs_ocr", "rents.pdf": "ok", "plain.pdf": "ok", "word.pdf": "ok"}
    before = elements(lake, "rents.pdf")
    assert [text for kind, text, _, _ in before if kind == "table_row"] == [" | ".join(row) for row in _RENTS]
    hashes, runs = column(lake, "output_hash"), column(lake, "run_id")

    service.chaos = lambda: Fault(503) if service.images else None
    assert pipeline.run(source, root, *_PDF, *chosen(service, "both")) == 1
    (figures,) = pipeline.task_figures(spark, root).values()
    assert "Azure AI Document Intelligence answered 503; finished work is kept" in figures["error"]
    kept = elements(lake, "rents.pdf")
    assert [one for one in kept if one[0] == "table_row"] == [one for one in before if one[0] == "table_row"], "the service stays away: rows stay"
    said = " ".join(text for kind, text, _, page in kept if (kind, page) == ("paragraph", 2)).split()
    words = ["Offices", "and", "their", "rents:", *(cell for row in _RENTS for cell in row)]
    assert said == words, "where a service's rows may replace the parser's, the text stays whole"
    read_again = {name for name, run_id in column(lake, "run_id").items() if run_id != runs[name]}
    assert read_again == {"scan.pdf", "rents.pdf", "plain.pdf"}, "what is no PDF is not read again"

    service.chaos = lambda: None
    service.images.clear()
    assert pipeline.run(source, root, *_PDF, *chosen(service, "both")) == 0
    assert set(column(lake, "status").values()) == {"ok"}
    assert len(service.images) == 2
    assert elements(lake, "scan.pdf") == [
        ("image_text", "Invoice of the harbour master.\nPayable in June.", 0, 1),
        ("table_row", "Berth | Fee", 1, 1), ("table_row", "Quay 4 | 75", 3, 1), ("table_row", "Paid | ", 4, 1),
    ]  # fmt: skip
    text = [one for one in kept if one[0] == "paragraph"]
    rows = [("table_row", " | ".join(row), number, 2) for number, row in enumerate(_SEEN_RENTS, 1) if row[1]]
    assert elements(lake, "rents.pdf") == [one for one in text if one[3] in (1, 2)] + rows + [one for one in text if one[3] == 3]
    changed = {name for name, value in column(lake, "output_hash").items() if value != hashes[name]}
    assert changed == {"scan.pdf", "rents.pdf"}
    shows = {row["shows"]: row["sha256"] for row in lake.read(tables.images(Kind.PDF)).collect()}
    assert set(shows) == {"page", "table_page", "picture"}
    insights = {row["sha256"]: json.loads(row["answer"]) for row in lake.read(tables.image_insights(Kind.PDF)).collect()}
    assert set(insights) == {shows["page"], shows["table_page"]}
    assert {answer["modelId"] for answer in insights.values()} == {"prebuilt-layout"}
    assert sum(row["cost"] for row in lake.read(tables.BILLS).collect()) == pytest.approx(2 * 10 / 1000)

    service.requests.clear()
    assert pipeline.run(source, root, *_PDF, *chosen(service, "both")) == 0
    assert service.requests == []
    (figures,) = pipeline.task_figures(spark, root).values()
    assert figures["units_stale"] == 0


def test_only_tables_and_a_refused_page_keeps_its_rows(spark: SparkSession, source: Path, tmp_path: Path, service: FakeLayout) -> None:
    root = tmp_path / "lake"
    lake = prepared(spark, root)
    service.faults.append(Fault(400))
    assert pipeline.run(source, root, *_PDF, *chosen(service, "tables")) == 0
    assert [method for method, _, _ in service.requests] == ["POST"], "a page without text is not sent"
    assert column(lake, "status")["scan.pdf"] == "needs_ocr"
    assert [text for kind, text, _, _ in elements(lake, "rents.pdf") if kind == "table_row"] == [" | ".join(row) for row in _RENTS]
    assert "refused" in lake.read(tables.image_insights(Kind.PDF)).collect()[0]["answer"]

    service.page_of = lambda image: Page(["Offices and their rents:"])
    parameter, overrides = chosen(service, "tables")
    assert pipeline.run(source, root, *_PDF, parameter, f"{overrides}; vision.max_px=2300") == 0
    assert len(service.images) == 1
    rows = [text for kind, text, _, _ in elements(lake, "rents.pdf") if kind == "table_row"]
    assert rows == [" | ".join(row) for row in _RENTS], "where the service sees no table, the parser's rows stay"
