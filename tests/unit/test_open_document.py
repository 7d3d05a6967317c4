"""OpenDocument files made here: regions under their names, encrypted ones by their manifest."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Status

_NAMES = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "text", "table", "draw", "dc", "meta", "presentation", "style"))


def made(path: Path, kind: str, content: str, styles: str = "", manifest: str = "") -> Document:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("content.xml", f"<office:document-content {_NAMES}><office:body>{content}</office:body></office:document-content>")
        archive.writestr("styles.xml", f"<office:document-styles {_NAMES}>{styles}</office:document-styles>")
        archive.writestr("meta.xml", f"<office:meta {_NAMES}><dc:title>Memo</dc:title><meta:initial-creator>Ann</meta:initial-creator></office:meta>")
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
    return read_document(str(path), path.name, Limits(), None)


def shown(document: Document) -> list[tuple[str, str, str]]:
    return [(element.kind, element.region, element.text) for element in document.elements if element.region != "metadata"]


def test_a_text_keeps_its_regions(tmp_path: Path) -> None:
    content = (
        "<office:text><text:tracked-changes><text:changed-region><text:deletion><office:change-info><dc:creator>X</dc:creator></office:change-info>"
        "<text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        '<text:h text:outline-level="2">Rent</text:h><text:h text:outline-level="top">Odd</text:h>'
        '<text:p>a<text:s text:c="2"/>b <text:span>c</text:span><text:note>'
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>the note</text:p></text:note-body></text:note> d"
        "<office:annotation><dc:creator>Ann</dc:creator><text:p>why?</text:p></office:annotation>"
        "<draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame></text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell/>"
        "<table:table-cell><text:p>y</text:p><text:p>z</text:p></table:table-cell></table:table-row></table:table></office:text>"
    )
    styles = "<style:master-page><style:header><text:p>the head</text:p></style:header></style:master-page>"
    document = made(tmp_path / "a.odt", "text", content, styles)
    assert document.status is Status.OK
    assert shown(document) == [
        ("paragraph", "deletion", "gone"),
        ("heading", "body", "Rent"),
        ("heading", "body", "Odd"),
        ("paragraph", "body", "a  b c d"),
        ("footnote", "footnote", "the note"),
        ("author", "comment", "Ann"),
        ("comment", "comment", "why?"),
        ("paragraph", "text_box", "in a box"),
        ("table_row", "body", "x | y z"),
        ("header", "header", "the head"),
    ]
    assert [(element.place.part, element.text) for element in document.elements[:2]] == [("title", "Memo"), ("creator", "Ann")]


def test_slides_are_numbered_and_have_notes(tmp_path: Path) -> None:
    box = "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    notes = f"<presentation:notes>{box.format('say this')}</presentation:notes>"
    content = (
        f"<office:presentation><draw:page>{box.format('one')}{notes}</draw:page><draw:page>{box.format('two')}</draw:page></office:presentation>"
    )
    document = made(tmp_path / "a.odp", "presentation", content)
    found = [(element.place.slide, element.kind, element.text) for element in document.elements if element.region != "metadata"]
    assert found == [(1, "paragraph", "one"), (1, "note", "say this"), (2, "paragraph", "two")]


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_encrypted_ones_say_so(tmp_path: Path, kind: str) -> None:
    assert made(tmp_path / "a.odt", kind, "", manifest="<encryption-data/>").status is Status.ENCRYPTED


def test_cells_are_read(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    rows = "".join(f"<table:table-row>{cell.format(a)}{cell.format(b)}</table:table-row>" for a, b in (("name", "town"), ("Zoë", "Oslo")))
    table = f'<table:table table:name="S">{rows}</table:table>'
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    document = read_document(str(tmp_path / "a.ods"), "a.ods", Limits(), None)
    assert [element.text for element in document.elements] == ["S", "name | town", "Zoë | Oslo"]
    assert document.elements[-1].place.cells == "A2:B2"


def test_a_text_of_pictures_alone_waits_for_whoever_reads_them(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), "blue").save(picture, "png")
    path = tmp_path / "scan.odt"
    names = f'{_NAMES} xmlns:xlink="urn:xlink"'
    frames = "".join(f'<draw:frame><draw:image xlink:href="{part}"/></draw:frame>' for part in ("Pictures/a.png", "Pictures/gone.png"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", f"<office:document-content {names}><text:p>{frames}</text:p></office:document-content>")
        archive.writestr("Pictures/a.png", picture.getvalue())
    document = read_document(str(path), path.name, Limits(), tmp_path / "images")
    assert (document.status, len(document.images)) == (Status.NEEDS_OCR, 1)
    assert (document.images[0].width_px, document.images[0].media_type) == (40, "image/png")
