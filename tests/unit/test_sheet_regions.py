"""Workbooks as a person sees them: formats, what is hidden, and each region beside the cells."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packages import book, cell, read, xml

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Flag
from lakedocs.redact.family import Family
from lakedocs.redact.policy import TextRedactor
from lakedocs.tasks import t06_redact_pii

STYLES = (
    '<numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/><numFmt numFmtId="171" formatCode="&quot;EUR&quot; #,##0.00"/>'
    '<numFmt numFmtId="172" formatCode=";;;"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/><xf numFmtId="14"/></cellXfs>'
)


def by_region(document: Document) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in document.elements:
        if element.kind != "sheet_name":
            found.setdefault(element.region, []).append(element.text)
    return found


def row(number: int, *cells: str, attributes: str = "") -> str:
    return f'<row r="{number}" {attributes}>{"".join(cells)}</row>'


def formula(at: str, text: str, value: str, attributes: str = "") -> str:
    return f'<c r="{at}"><f {attributes}>{text}</f><v>{value}</v></c>' if text else f'<c r="{at}"><f {attributes}/><v>{value}</v></c>'


CELLS: dict[str, tuple[str, str, dict[str, list[str]]]] = {
    "formats": (
        "",
        row(1, cell("A1", 0.125, 's="1"'), cell("B1", 45356, 's="2"'), cell("C1", 1234.5, 's="3"'), cell("D1", 7.5), cell("E1", 45356, 's="5"')),
        {"body": ["12.50% | 05/03/2024 | EUR 1,234.50 | 7.5 | 2024-03-05"]},
    ),
    "a format that shows nothing hides nothing": ("", row(1, cell("A1", 5, 's="4"')), {"body": ["5"]}),
    "a text with a number's format": ("", row(1, cell("A1", "n/a", 's="1"')), {"body": ["n/a"]}),
    "attributes in another order": ("", '<row r="1"><c s="1" r="A1"><v>0.5</v></c></row>', {"body": ["0.5"]}),
    "a hidden row that does not say where it stands": (
        "",
        '<row hidden="1"><c r="A1"><v>1</v></c></row><row><c r="A2" s="1"><v>0.5</v></c></row>',
        {"hidden": ["1"], "body": ["50.00%"]},
    ),
    "hidden rows stand where they are": (
        "",
        row(1, cell("A1", "Name")) + row(2, cell("A2", "Ada"), attributes='hidden="1"') + row(3, cell("A3", "Bea"), attributes='hidden="0"'),
        {"body": ["Name", "Bea"], "hidden": ["Ada"]},
    ),
    "hidden columns follow their sheet with their heads": (
        '<cols><col min="1" max="1" width="9"/><col min="2" max="3" hidden="1"/></cols>',
        row(1, cell("A1", "Name"), cell("B1", "Pay"), cell("D1", "City"))
        + row(2, cell("A2", "Ada"), cell("B2", 900), cell("C2", "x"), cell("D2", "Delft")),
        {"body": ["Name | City", "Ada | Delft"], "hidden": ["Pay", "900 | x"]},
    ),
    "formulas beside their values": (
        "",
        row(1, cell("A1", 1), formula("B1", "A1*2&amp;1", "21")) + row(2, formula("B2", "SUM(B1)", "3", 't="shared" ref="B2:B3" si="0"'))
        + row(3, formula("B3", "", "4", 't="shared" si="0"')),
        {"body": ["1 | 21", "3", "4"], "formula": ["=A1*2&1", "=SUM(B1)"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "rows", "wanted"), CELLS.values(), ids=CELLS.keys())
def test_cells_as_a_person_sees_them(tmp_path: Path, before: str, rows: str, wanted: dict[str, list[str]]) -> None:
    document = read(book(tmp_path / "a.xlsx", rows, before=before, styles=STYLES))
    assert by_region(document) == wanted
    assert (Flag.HIDDEN_TEXT in document.flags) == ("hidden" in wanted)


def test_places_of_cells_and_formulas(tmp_path: Path) -> None:
    rows = row(2, cell("A2", "x"), cell("B2", "y"), formula("D2", "A2", "x")) + row(3, formula("C3", "B2", "1"), formula("D3", "C3", "1"))
    document = read(book(tmp_path / "a.xlsx", rows, before='<dimension ref="A1"/>'))
    assert [(element.kind, element.level, element.place.cells) for element in document.elements[1:]] == [
        ("table_row", 2, "A2:B2,D2:D2"), ("table_row", 3, "C3:D3"), ("formula", 2, "D2:D2"), ("formula", 3, "C3:D3"),
    ]  # fmt: skip
    assert {element.place.sheet for element in document.elements} == {"Data"}


def test_a_value_under_merged_cells_stands_once(tmp_path: Path) -> None:
    rows = row(1, cell("A1", "Both"), '<c r="B1"/>', cell("C1", "Rent")) + row(2, cell("A2", "a"), cell("B2", "b"), cell("C2", 9))
    document = read(book(tmp_path / "a.xlsx", rows, after='<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'))
    assert [(element.text, element.place.cells) for element in document.elements[1:]] == [("Both | Rent", "A1:A1,C1:C1"), ("a | b | 9", "A2:C2")]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet(tmp_path: Path, state: str) -> None:
    document = read(book(tmp_path / "a.xlsx", row(1, cell("A1", "x")), state=f'state="{state}"'))
    assert {element.region for element in document.elements} == {"hidden"}
    assert Flag.HIDDEN_TEXT in document.flags


def test_what_stands_beside_the_cells(tmp_path: Path) -> None:
    comments = (
        "<x:authors><x:author>Ada</x:author><x:author>tc={1}</x:author></x:authors><x:commentList>"
        '<x:comment ref="A1" authorId="0"><x:text><x:r><x:t>che</x:t></x:r><x:r><x:t>ck</x:t></x:r><x:rPh><x:t>no</x:t></x:rPh></x:text></x:comment>'
        '<x:comment ref="B1" authorId="1"><x:text><x:t>[Threaded comment] Why?</x:t></x:text></x:comment></x:commentList>'
    )
    shape = "<xdr:sp><xdr:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
    button = "<v:textbox><div><font>Press<br></font></div></v:textbox>"
    parts = {
        "comments1.xml": xml("x:comments", comments),
        "threadedComments/t1.xml": xml(
            "tc:ThreadedComments", '<tc:threadedComment ref="B1" personId="{P}"><tc:text>Why?</tc:text></tc:threadedComment>'
        ),
        "persons/person.xml": xml("tc:personList", '<tc:person id="{P}" displayName="Berta"/>'),
        "drawings/drawing1.xml": xml(
            "xdr:wsDr",
            f"<mc:AlternateContent><mc:Choice>{shape.format('box')}</mc:Choice><mc:Fallback>{shape.format('box')}</mc:Fallback></mc:AlternateContent>"
            '<xdr:pic><xdr:cNvPr id="1" name="n" descr="logo"/></xdr:pic>',
        ),
        "drawings/vml1.vml": f'<xml xmlns:v="urn:schemas-microsoft-com:vml"><v:shape>{button}</v:shape></xml>',
        "charts/chart1.xml": xml("c:chartSpace", "<c:ser><c:tx><c:v>Rent</c:v></c:tx></c:ser>"),
    }
    of_sheet = [("comments", "../comments1.xml"), ("threadedComment", "../threadedComments/t1.xml"), ("drawing", "../drawings/drawing1.xml"),
                ("vmlDrawing", "../drawings/vml1.vml"), ("hyperlink", "https://x.example/"), ("chart", "../charts/chart1.xml")]  # fmt: skip
    after = (
        '<dataValidations><dataValidation type="list" prompt="Choose one" sqref="A1"><formula1>"Open,Shut"</formula1></dataValidation>'
        '<dataValidation type="whole" error="Too large" sqref="B1"/><dataValidation type="list"><formula1>$A$1:$A$9</formula1></dataValidation>'
        "</dataValidations><headerFooter><oddHeader>&amp;L&amp;\"Arial,Bold\"&amp;12Lease &amp;&amp; rent&amp;R&amp;K000000Page &amp;P</oddHeader>"
        "<evenFooter>&amp;CInternal</evenFooter></headerFooter>"
    )  # fmt: skip
    names = '<definedName name="Rates">Data!$A$1:$B$2</definedName><definedName name="Local" localSheetId="0">Data!$C$1</definedName>'
    path = book(
        tmp_path / "a.xlsx",
        row(1, cell("A1", "x")),
        after=after,
        names=names,
        related=of_sheet,
        of_main=[("person", "persons/person.xml")],
        parts=parts,
    )
    document = read(path)
    assert by_region(document) == {
        "body": ["x"], "header": ["Lease & rent Page"], "footer": ["Internal"], "data_validation": ["Choose one Open,Shut", "Too large"],
        "comment": ["Ada", "check", "Berta", "Why?"], "comment_copy": ["[Threaded comment] Why?"], "drawing": ["box", "Press"], "alt_text": ["logo"],
        "chart": ["Rent"], "link": ["https://x.example/"], "defined_name": ["Rates = Data!$A$1:$B$2", "Local = Data!$C$1"],
    }  # fmt: skip
    assert [element.place.cells for element in document.elements if element.kind == "comment"] == ["A1", "B1", "B1"]
    assert [element.place.sheet for element in document.elements if element.region == "defined_name"] == [None, "Data"]


def test_formulas_come_after_all_values(tmp_path: Path) -> None:
    rows = "".join(row(number, formula(f"A{number}", "NOW()", str(number))) for number in range(1, 30))
    document = read_document(str(book(tmp_path / "a.xlsx", rows)), "a.xlsx", Limits(elements=40), None)
    assert len(by_region(document)["body"]) == 29
    assert Flag.TRUNCATED in document.flags


def test_damaged_parts_cost_themselves_alone(tmp_path: Path) -> None:
    damaged = {"d.xml": b"", "people.xml": b""}
    document = read(
        book(tmp_path / "a.xlsx", row(1, cell("A1", "x")), related=[("drawing", "../d.xml")], of_main=[("person", "people.xml")], parts=damaged)
    )
    assert by_region(document) == {"body": ["x"]}
    assert Flag.TRUNCATED in document.flags


def test_hidden_rows_are_judged_with_their_table(tmp_path: Path, redactor: TextRedactor) -> None:
    """A header above shown rows says what the hidden ones hold, too."""
    rows = row(1, cell("A1", "City"), cell("B1", "Surname")) + "".join(
        row(number, cell(f"A{number}", "here"), cell(f"B{number}", f"Word{number}"), attributes='hidden="1"' if number % 2 else "")
        for number in range(2, 8)
    )
    document = read(book(tmp_path / "a.xlsx", rows))
    with Family[dict[str, object]](redactor, lambda _: "d") as family:
        for element in document.elements:
            place = {"sheet": element.place.sheet, "cells": element.place.cells, "page": None, "slide": None, "part": None}
            of_element = {"kind": element.kind, "text": element.text, "level": element.level, "region": element.region, **place}
            t06_redact_pii._add(family, {"file": None, "doc_id": "d", "element": {**of_element, "doc_id": "d"}})
        redacted = [texts[0].text for _, texts in family.redacted()]
    assert not [text for text in redacted if "Word" in text]
    assert sum("here" in text for text in redacted) == 6
