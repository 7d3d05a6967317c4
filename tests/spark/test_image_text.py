"""Text in images: read once each, at its place, redacted like all text, gone with its document."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from pptx.util import Inches
from pyspark.sql import SparkSession
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from tests import pipeline
from tests.fakes.server import Fault, serving
from tests.fakes.vision import FakeVision

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind
from lakedocs.settings import Storage

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_INGEST = tuple(part for key in ("01_ingest_word_docs", "03_ingest_pptx_docs", "04_ingest_pdf_docs", "06_redact_pii") for part in ("--only", key))
_LOGO = "HARBOUR AND SONS"


def drawn(*lines: str) -> Image.Image:
    image = Image.new("RGB", (700, 60 * len(lines) + 20), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((20, 15 + 60 * number), line, fill="black", font=ImageFont.load_default(30))
    return image


def file_of(image: Image.Image) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    buffer.seek(0)
    return buffer


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(3):
        document = Document()
        document.add_paragraph(f"Letter {number} about the harbour.")
        document.add_picture(file_of(drawn(_LOGO)))
        document.add_paragraph("The letter ends here.")
        document.save(str(folder / f"letter{number}.docx"))
    deck = Presentation()
    for number in range(2):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = f"Slide {number + 1} has a title"
        if number == 0:
            slide.shapes.add_picture(file_of(drawn("CHART OF RENTS")), Inches(1), Inches(2))
    deck.save(str(folder / "deck.pptx"))
    canvas = Canvas(str(folder / "scan.pdf"))
    canvas.drawImage(ImageReader(drawn("Invoice for margriet@firm.example", "Total due in September")), 60, 500, 450, 120)
    canvas.showPage()
    canvas.save()
    canvas = Canvas(str(folder / "mixed.pdf"))
    canvas.drawString(72, 700, "The first page has text of its own.")
    canvas.showPage()
    canvas.drawImage(ImageReader(drawn("SECOND PAGE SCANNED")), 60, 500, 450, 60)
    canvas.showPage()
    canvas.drawString(72, 700, "The third page has text again.")
    canvas.showPage()
    canvas.save()
    return folder


def lake_of(spark: SparkSession, root: Path) -> Lake:
    return Lake(spark, Storage(root=str(root)))


def texts(lake: Lake, kind: Kind, name: str) -> list[str]:
    """The element texts of a file, in their order."""
    (file,) = [row for row in lake.read(tables.files(kind)).collect() if row["name"] == name]
    rows = [row for row in lake.read(tables.elements(kind)).collect() if row["doc_id"] == file["doc_id"]]
    assert [row["ordinal"] for row in sorted(rows, key=lambda row: row["ordinal"])] == list(range(len(rows)))
    assert file["elements"] == len(rows)
    return [row["text"] for row in sorted(rows, key=lambda row: row["ordinal"])]


def statuses(lake: Lake) -> dict[str, str]:
    return {row["name"]: row["status"] for kind in (Kind.WORD, Kind.PPTX, Kind.PDF) for row in lake.read(tables.files(kind)).collect()}


def test_the_embedded_engine_reads_pictures_and_pages(spark: SparkSession, source: Path, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    lake = lake_of(spark, root)
    assert pipeline.run(source, root, *_INGEST) == 0
    assert statuses(lake)["scan.pdf"] == "needs_ocr"
    documents = lake.read(tables.DOCUMENTS).count()

    ocr = ("--param", "overrides=vision.engine=ocr")
    assert pipeline.run(source, root, *_INGEST, *ocr) == 0
    assert set(statuses(lake).values()) == {"ok"}
    assert lake.read(tables.DOCUMENTS).count() == documents
    letter = [text.replace(" ", "") for text in texts(lake, Kind.WORD, "letter1.docx")]
    assert _LOGO.replace(" ", "") in letter
    slides = texts(lake, Kind.PPTX, "deck.pptx")
    shown = [text.replace(" ", "") for text in slides].index("CHARTOFRENTS")
    assert shown < slides.index("Slide 2 has a title"), "the picture's text stands with its slide"
    mixed = texts(lake, Kind.PDF, "mixed.pdf")
    own, other = mixed.index("The first page has text of its own."), mixed.index("The third page has text again.")
    assert own < [text.replace(" ", "") for text in mixed].index("SECONDPAGESCANNED") < other, "a page's text stands between its neighbours"
    flags = {row["name"]: row["flags"] for row in lake.read(tables.files(Kind.PDF)).collect()}
    assert flags["mixed.pdf"] == []
    assert lake.read(tables.image_insights(Kind.WORD)).count() == 1, "a logo is read once"
    redacted = " ".join(row["text"] for row in lake.read(tables.ELEMENTS).collect())
    assert "<EMAIL_ADDRESS>" in redacted
    assert "margriet" not in redacted

    words = _INGEST[:2]
    assert pipeline.run(source, root, *words, *ocr) == 0
    figures = pipeline.task_figures(spark, root)
    assert {figures[key]["units_stale"] for key in figures} == {0}
    for path in source.glob("letter*.docx"):
        path.unlink()
    assert pipeline.run(source, root, *words, "--param", "overrides=vision.engine=ocr; source.allow_removal=true") == 0
    assert lake.read(tables.image_insights(Kind.WORD)).count() == 0, "what an image showed goes with its last document"


@pytest.fixture
def vision() -> Iterator[FakeVision]:
    with serving(FakeVision()) as running:
        assert isinstance(running, FakeVision)
        yield running


def test_a_service_is_asked_once_for_each_image_and_paid(spark: SparkSession, source: Path, tmp_path: Path, vision: FakeVision) -> None:
    root = tmp_path / "lake"
    lake = lake_of(spark, root)
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "vision_api_key").write_text("key")
    chosen = ("--param", f"overrides=vision.engine=azure_ai_vision; vision.endpoint={vision.url}; calls.total_seconds=2")
    vision.chaos = lambda: Fault(503) if len(vision.images) >= 2 else None
    assert pipeline.run(source, root, *_INGEST, *chosen) == 1
    figures = pipeline.task_figures(spark, root)
    failed = [key for key, row in figures.items() if row["state"] == "failed"]
    assert failed
    assert all("Azure AI Vision answered 503; finished work is kept" in figures[key]["error"] for key in failed)
    assert len(statuses(lake)) == 6, "documents do not wait for their images"

    vision.chaos = lambda: None
    assert pipeline.run(source, root, *_INGEST, *chosen) == 0
    assert len(vision.images) == 4, "the logo, the chart, two pages: each once"
    assert set(statuses(lake).values()) == {"ok"}
    assert "a picture on a wall" in texts(lake, Kind.WORD, "letter0.docx")
    insight = lake.read(tables.image_insights(Kind.PPTX)).collect()[0]
    assert insight["tags"] == ["wall"]
    assert '"modelVersion"' in insight["answer"]
    bills = lake.read(tables.TASK_RUNS).collect()
    assert sum(row["cost"] for row in bills) == pytest.approx(4 * 1.5 / 1000)

    vision.images.clear()
    shutil.copy(source / "letter0.docx", source / "letter9.docx")
    assert pipeline.run(source, root, *_INGEST[:2], *chosen) == 0
    assert vision.images == []


def test_a_budget_bounds_the_images_of_a_task_and_a_refused_one_is_not_sent_again(
    spark: SparkSession, source: Path, tmp_path: Path, vision: FakeVision
) -> None:
    root = tmp_path / "lake"
    lake = lake_of(spark, root)
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "vision_api_key").write_text("key")
    chosen = ("--param", f"overrides=vision.engine=azure_ai_vision; vision.endpoint={vision.url}; calls.total_seconds=2")
    pdf = ("--only", "04_ingest_pdf_docs")
    vision.text_of = lambda image: ""
    assert pipeline.run(source, root, *pdf, *chosen, "--param", "budget=0.0016") == 1
    assert len(vision.images) == 1
    assert "BudgetError" in pipeline.task_figures(spark, root)["04_ingest_pdf_docs"]["error"]
    vision.chaos = lambda: Fault(400)
    assert pipeline.run(source, root, *pdf, *chosen) == 0
    asked = len(vision.requests)
    assert pipeline.run(source, root, *pdf, *chosen) == 0
    assert len(vision.requests) == asked
    assert lake.read(tables.image_insights(Kind.PDF)).where("answer LIKE '%refused%'").count() == 1
    assert statuses(lake) == {"scan.pdf": "needs_ocr", "mixed.pdf": "ok"}, "a caption is no text of the page"
    flags = {row["name"]: row["flags"] for row in lake.read(tables.files(Kind.PDF)).collect()}
    assert flags["mixed.pdf"] == ["pages_without_text"]
