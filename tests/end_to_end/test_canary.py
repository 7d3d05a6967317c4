"""Identifiers that patterns find for certain, planted in every field of every format, then looked for in all that lies behind 06."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import lancedb
import pyarrow.parquet as pq
import pytest
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from pptx.util import Inches
from pyspark.sql import SparkSession
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from tests import pipeline
from tests.make_samples import write_msg

pytestmark = [pytest.mark.spark, pytest.mark.slow]


class Canaries:
    """Hands out e-mail addresses and social security numbers, each one once, and remembers where it went."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def mail(self, where: str) -> str:
        value = f"canary{len(self.planted):03d}@secretfirm.example"
        self.planted[value] = where
        return value

    def number(self, where: str) -> str:
        value = f"{201 + len(self.planted):03d}-{51 + len(self.planted) % 40:02d}-{4000 + len(self.planted)}"
        self.planted[value] = where
        return value


def picture(text: str = "") -> io.BytesIO:
    file = io.BytesIO()
    image = Image.new("RGB", (600, 90) if text else (64, 64), "white")
    ImageDraw.Draw(image).text((30, 25), text, fill="black", font=ImageFont.load_default(32))
    image.save(file, "png")
    file.seek(0)
    return file


def word(path: Path, canary: Canaries) -> None:
    document = Document()
    document.core_properties.author = canary.mail("docx author")
    document.core_properties.title = canary.mail("docx title")
    document.core_properties.subject = canary.mail("docx subject")
    document.core_properties.keywords = canary.mail("docx keywords")
    document.core_properties.comments = canary.mail("docx description")
    document.core_properties.category = canary.mail("docx category")
    document.core_properties.last_modified_by = canary.mail("docx last author")
    document.add_heading(f"About {canary.mail('docx heading')}", 1)
    document.add_paragraph(f"Write to {canary.mail('docx paragraph')} or {canary.number('docx paragraph')}.")
    document.add_comment(document.paragraphs[-1].runs, text=canary.mail("docx comment"), author=canary.mail("docx comment author"))
    document.add_paragraph(canary.mail("docx list item"), style="List Bullet")
    table = document.add_table(1, 2)
    table.cell(0, 0).text = canary.mail("docx cell")
    table.cell(0, 1).text = canary.number("docx cell")
    section = document.sections[0]
    section.header.paragraphs[0].text = canary.mail("docx header")
    section.footer.paragraphs[0].text = canary.mail("docx footer")
    shown = document.add_picture(picture())._inline.docPr
    shown.set("descr", canary.mail("docx alternative text"))
    shown.set("title", canary.number("docx title of a picture"))
    document.add_picture(picture(canary.number("text in a docx picture")))
    changed = document.add_paragraph("Changed: ")
    changed.add_run(canary.mail("docx hidden run")).font.hidden = True
    for tag, text, where in (("ins", "t", "docx insertion"), ("del", "delText", "docx deletion")):
        run = f"<w:r><w:{text}>{canary.mail(where)}</w:{text}></w:r>"
        changed._p.append(parse_xml(f'<w:{tag} {nsdecls("w")} w:id="7" w:author="Somebody">{run}</w:{tag}>'))
    field = f'<w:fldSimple {nsdecls("w")} w:instr="HYPERLINK mailto:{canary.mail("docx field")}"><w:r><w:t>here</w:t></w:r></w:fldSimple>'
    changed._p.append(parse_xml(field))
    link = document.part.relate_to(f"mailto:{canary.mail('docx link')}", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    changed._p.append(parse_xml(f'<w:hyperlink {nsdecls("w", "r")} r:id="{link}"><w:r><w:t>there</w:t></w:r></w:hyperlink>'))
    document.save(str(path))


def sheet(path: Path, canary: Canaries) -> None:
    book = Workbook()
    page = book.active
    page.title = canary.number("sheet name")
    page.append([canary.mail("xlsx header row"), "amount"])
    page.append([canary.mail("xlsx cell"), 12])
    page["B2"].comment = Comment(canary.mail("xlsx comment"), canary.mail("xlsx comment author"))
    page.oddHeader.center.text = canary.mail("xlsx page header")
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    hidden.append([canary.mail("xlsx hidden sheet")])
    page.oddFooter.left.text = canary.mail("xlsx page footer")
    page["C2"] = f'=CONCATENATE("{canary.mail("xlsx formula")}", "x")'
    page["D2"] = canary.mail("xlsx hidden column")
    page.column_dimensions["D"].hidden = True
    page["A3"] = canary.mail("xlsx hidden row")
    page.row_dimensions[3].hidden = True
    page["A4"].hyperlink = f"mailto:{canary.mail('xlsx link')}"
    rule = DataValidation(type="list", formula1='"yes,no"', prompt=canary.mail("xlsx prompt"), showInputMessage=True)
    rule.add("B3")
    page.add_data_validation(rule)
    book.defined_names["who"] = DefinedName("who", attr_text=f'"{canary.mail("xlsx defined name")}"')
    book.properties.creator = canary.mail("xlsx author")
    book.properties.subject = canary.mail("xlsx subject")
    book.properties.keywords = canary.mail("xlsx keywords")
    book.save(path)


def slides(path: Path, canary: Canaries) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = canary.mail("pptx title")
    slide.placeholders[1].text = canary.mail("pptx body")
    slide.notes_slide.notes_text_frame.text = canary.mail("pptx notes")
    slide.shapes.add_table(1, 1, Inches(1), Inches(4), Inches(3), Inches(1)).table.cell(0, 0).text = canary.number("pptx cell")
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1)).text_frame.text = canary.mail("pptx group")
    shown = slide.shapes.add_picture(picture(), Inches(6), Inches(6))._element.nvPicPr.cNvPr
    shown.set("descr", canary.mail("pptx alternative text"))
    deck.core_properties.author = canary.mail("pptx author")
    deck.core_properties.subject = canary.mail("pptx subject")
    deck.save(str(path))


def pdf(path: Path, canary: Canaries) -> None:
    canvas = Canvas(str(path))
    canvas.setAuthor(canary.mail("pdf author"))
    canvas.setTitle(canary.mail("pdf title"))
    canvas.setSubject(canary.mail("pdf subject"))
    canvas.setKeywords(canary.mail("pdf keywords"))
    canvas.drawString(72, 700, f"Reply to {canary.mail('pdf text')} under {canary.number('pdf text')}.")
    canvas.linkURL(f"mailto:{canary.mail('pdf link')}", (72, 650, 200, 670))
    canvas.textAnnotation(canary.mail("pdf note"), (72, 630, 90, 645))
    canvas.acroForm.textfield(name="who", value=canary.mail("pdf form field"), x=72, y=580, width=300, height=20)
    canvas.bookmarkPage("first")
    canvas.addOutlineEntry(canary.mail("pdf outline"), "first")
    canvas.showPage()
    canvas.drawImage(ImageReader(picture(canary.number("text on a scanned page"))), 72, 600, 400, 60)
    canvas.save()


def mail(path: Path, canary: Canaries) -> None:
    message = EmailMessage()
    message["From"] = canary.mail("mail from")
    message["To"] = f"Somebody <{canary.mail('mail to')}>"
    message["Cc"] = canary.mail("mail cc")
    message["Bcc"] = canary.mail("mail bcc")
    message["Reply-To"] = canary.mail("mail reply to")
    message["Sender"] = canary.mail("mail sender")
    message["Subject"] = f"Re: {canary.mail('mail subject')}"
    message.set_content(f"My number is {canary.number('mail body')}, {canary.mail('mail body')}.")
    message.add_alternative(f"<p>Hello <b>{canary.mail('mail html')}</b></p>", subtype="html")
    message.add_attachment(
        f"a;b\n{canary.mail('attachment')};1\n".encode(), maintype="text", subtype="csv", filename=f"{canary.number('attachment name')}.csv"
    )
    inner = EmailMessage()
    inner["Subject"] = canary.mail("forwarded subject")
    inner.set_content(canary.mail("forwarded body"))
    message.add_attachment(inner)
    path.write_bytes(message.as_bytes())


def outlook(path: Path, canary: Canaries) -> None:
    texts = {
        0x001A: "IPM.Note", 0x0037: canary.mail("msg subject"), 0x0C1A: f"Somebody {canary.number('msg sender name')}",
        0x0C1F: canary.mail("msg sender"), 0x0E04: canary.mail("msg to"), 0x0E03: canary.mail("msg cc"),
        0x1000: f"Call me under {canary.number('msg body')} or write to {canary.mail('msg body')}.",
    }  # fmt: skip
    write_msg(path, texts)


def table(path: Path, canary: Canaries) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["who", canary.mail("csv header")])
        writer.writerow([canary.mail("csv cell"), canary.number("csv cell")])


def letters(folder: Path, canary: Canaries) -> None:
    """Kinds of text that are no table."""
    page = f"<html><head><title>{canary.mail('html title')}</title></head><body><p>{canary.mail('html paragraph')}</p></body></html>"
    for extension, text in (
        ("html", page),
        ("md", f"# About {canary.mail('md heading')}\n\nWrite to {canary.mail('md paragraph')}.\n"),
        ("txt", f"Dear Sir,\n\nwrite to {canary.mail('txt paragraph')}, or to nobody.\n"),
        ("rtf", f"{{\\rtf1\\ansi Write to {canary.mail('rtf paragraph')}.\\par}}"),
    ):
        (folder / f"letter.{extension}").write_text(text, encoding="utf-8")


def refused(folder: Path, canary: Canaries) -> None:
    """Files that no parser reads, whose names and bytes may turn up in what is said of them."""
    for extension in ("docx", "xlsx", "pptx", "pdf", "msg"):
        (folder / f"broken {canary.number(f'name of a broken {extension}')}.{extension}").write_bytes(b"no such file: dear Sir, Madam")
    (folder / f"empty {canary.mail('name of an empty file')}.csv").touch()
    (folder / f"old {canary.mail('name of a file of another kind')}.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    (folder / f"cut {canary.mail('name of a cut mail')}.eml").write_bytes(b"Content-Type: multipart/mixed\n\n--")


def decoded(root: Path) -> Iterator[tuple[str, str]]:
    """All that lies behind 06 as text: tables with their logs and old files, index, MLflow, report, Spark's log."""
    for path in (root / "warehouse" / "docs").rglob("*"):
        if path.suffix == ".parquet":
            yield str(path), str(pq.read_table(path).to_pylist())
        elif path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")
    database = lancedb.connect(str(root / "index"))
    for name in database.list_tables().tables:
        yield f"index {name}", str(database.open_table(name).to_arrow().drop(["vector"]).to_pylist())
    for path in (root / "index").rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")
    connection = sqlite3.connect(root / "mlflow.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        yield f"mlflow {name}", str(connection.execute(f'SELECT * FROM "{name}"').fetchall())
    connection.close()
    for path in (root / "mlflow-artifacts").rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")
    for path in (root / "report.html", *(root / "work").rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")


def test_no_canary_gets_past_redaction(spark: SparkSession, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    canary = Canaries()
    folder = tmp_path / "source" / f"client {canary.number('folder name')}"
    folder.mkdir(parents=True)
    makers = {"docx": word, "xlsx": sheet, "pptx": slides, "pdf": pdf, "eml": mail, "msg": outlook, "csv": table}
    for extension, make in makers.items():
        make(folder / f"memo_{canary.number(f'{extension} file name')}.{extension}", canary)
    letters(folder, canary)
    refused(folder, canary)
    question = f"Who is {canary.mail('question')} and what is {canary.number('question')}?"
    root = tmp_path / "lake"
    assert pipeline.run(tmp_path / "source", root, "--param", f"question={question}", "--param", "overrides=vision.engine=ocr") == 0
    shown = capfd.readouterr()

    raw = " ".join(str(pq.read_table(path).to_pylist()) for path in (root / "warehouse" / "raw").rglob("*.parquet"))
    not_read = {value: where for value, where in canary.planted.items() if value not in raw and where not in ("question", "mail html")}
    assert not not_read, "these were not even read"
    leaks = {
        (where, place)
        for place, text in [*decoded(root), ("console", shown.out + shown.err)]
        for value, where in canary.planted.items()
        if value in text
    }
    assert not leaks


def test_the_search_for_canaries_finds_one(tmp_path: Path) -> None:
    """The check above must be able to fail."""
    for folder in ("warehouse/docs/t", "index", "work"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "report.html").write_text("canary000@secretfirm.example")
    sqlite3.connect(tmp_path / "mlflow.db").close()
    assert any("canary000@secretfirm.example" in text for _, text in decoded(tmp_path))
