"""Delimited and plain text: the signs of a table found, its header known, what stands above it kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.extract.text.table_form import form_of, header_of
from lakedocs.records import Document, Flag, Status

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "csv"


def read(path: Path, data: bytes, **limits: object) -> Document:
    path.write_bytes(data)
    return read_document(str(path), path.name, Limits.model_validate(limits), None)


def texts(document: Document, kind: str = "table_row") -> list[str]:
    return [element.text for element in document.elements if element.kind == kind]


def guessed(document: Document) -> dict[str, str]:
    return {guess.what: guess.value for guess in document.guesses}


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1;2\n", ";"),
        ("amount;rate\n1,5;2,5\n3,25;4,75\n", ";"),
        ("1,5;2,5\n3,25;4,75\n", ";"),
        ("name;notes\nAnn;red, blue\nBob;green, grey, black\n", ";"),
        ("a\tb, c\td\n1\t2\t3\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("date,\t\tamount,\t\tquantity\n1,\t\t2,\t\t3\n", ","),
        ('"a;b";"c"\n"d;e";"f"\n', ";"),
        ("# a remark, with, commas\na;b\n1;2\n", ";"),
        ("sep=|\na|b\n1,5|2\n", "|"),
        ("a^b\n1^2\n3^4\n", "^"),
        ("10:30,x\n11:45,y\n", ","),
        ("Industry\nAccounting\nHealth care\n", ""),
        ("when\n10\n20\n", ""),
    ],
)
def test_delimiters(sample: str, delimiter: str) -> None:
    assert form_of(sample).delimiter == delimiter


def test_a_doubtful_delimiter_is_less_sure_than_a_clear_one() -> None:
    clear = form_of("a;b;c\n" * 20).confidence
    doubtful = form_of("a;b;c\nd;e\nf\ng;h;i;j\nk,l,m\n").confidence
    assert doubtful < 0.8 < clear


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["name", "age"], ["Ann", "31"], ["Bob", "45"]], 1),
        ([["Report of May"], [], ["name", "age"], ["Ann", "31"], ["Bob", "45"]], 3),
        ([["Ann", "31"], ["Bob", "45"], ["Eve", "28"]], 0),
        ([["# made by hand"], ["name", "city"], ["Ann", "Paris"]], 2),
        ([["2021", "2022"], ["5", "6"], ["7", "8"]], 0),
        ([["Ann", "Paris"], ["Bob", "Rome"], ["Ann", "Oslo"]], 0),
        ([["only", "one"]], 0),
        ([], 0),
    ],
    ids=["plain", "below a title", "none", "below a remark", "numbers", "names again", "one row", "nothing"],
)
def test_headers(rows: list[list[str]], header: int) -> None:
    assert header_of(rows).row == header


def test_what_stands_above_the_header_is_no_row_of_the_table(tmp_path: Path) -> None:
    data = b"Clients of the Rotterdam office;;\n# confidential\n\nname;phone;since\nAnn Lee;555-0100;2020-01-02\nBob;;2021-03-04;extra\n"
    document = read(tmp_path / "t.csv", data)
    assert texts(document) == ["name | phone | since", "Ann Lee | 555-0100 | 2020-01-02", "Bob | 2021-03-04 | extra"]
    assert texts(document, "paragraph") == ["Clients of the Rotterdam office", "# confidential"]
    assert document.elements[-1].place.cells == "A6:A6,C6:D6", "a ragged row keeps its columns"
    assert guessed(document) == {"encoding": "ascii", "delimiter": ";", "header": "row 4"}


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'a,b\n"two\nlines",2\n', ["a | b", "two lines | 2"]),
        (b'a,b\n"say \\"yes\\", then go",2\n"x \\"y\\"",3\n', ["a | b", 'say "yes", then go | 2', 'x "y" | 3']),
        (b'a,b\n"say ""yes"", then go",2\n', ["a | b", 'say "yes", then go | 2']),
        (b"a,b\n'x, y',2\n'z, w',3\n", ["a | b", "x, y | 2", "z, w | 3"]),
        (b"path,n\nC:\\dir\\,1\nC:\\other\\,2\n", ["path | n", "C:\\dir\\ | 1", "C:\\other\\ | 2"]),
        (b"sep=;\r\na;b\r\n1,5;2\r\n", ["a | b", "1,5 | 2"]),
        (b"a,b\n1,\x002\x00\n3,4", ["a | b", "1 | 2", "3 | 4"]),
        (b"a,b\r1,2\r3,4\r", ["a | b", "1 | 2", "3 | 4"]),
        (b"a,b,c\n1\n1,2,3,4\n,,\n", ["a | b | c", "1", "1 | 2 | 3 | 4"]),
    ],
    ids=["line in quotes", "backslashes", "doubled", "single quotes", "windows paths", "sep", "zeros", "old mac", "ragged"],
)
def test_rows(tmp_path: Path, data: bytes, rows: list[str]) -> None:
    assert texts(read(tmp_path / "t.csv", data)) == rows


@pytest.mark.parametrize(("line", "pipe"), [(0, "pipe of 3 inches,5"), (10, 'pipe of 3" steel,5')], ids=["at once", "later"])
def test_a_quote_that_is_never_closed_does_not_swallow_the_table(tmp_path: Path, line: int, pipe: str) -> None:
    lines = ["name,size", pipe, *(f"item {number},{number}" for number in range(3000))]
    lines[line] = '"never closed,7'
    document = read(tmp_path / "t.csv", "\n".join(lines).encode())
    rows = texts(document)
    assert len(rows) == len(lines)
    assert rows[-1] == "item 2999 | 2999"


def test_more_than_can_be_kept_is_not_even_read(tmp_path: Path) -> None:
    line = b"x," + b" " * 1000 + b"y\n"
    document = read(tmp_path / "t.csv", line * 10_000, text_mb=1)
    assert Flag.TRUNCATED in document.flags
    assert len(document.elements) == 8_000_000 // len(line), "whole rows of what was read"


def test_mojibake_in_a_table_is_mended_and_said(tmp_path: Path) -> None:
    document = read(tmp_path / "t.csv", "naam;stad\nZoë;Köln\n".encode().decode("latin-1").encode())
    assert texts(document)[1] == "Zoë | Köln"
    assert Flag.MENDED_ENCODING in document.flags
    good = read(tmp_path / "g.csv", "naam;stad\nZoë;Köln\n".encode())
    assert good.flags == ()


@pytest.mark.parametrize(
    ("name", "data", "parser", "elements"),
    [
        (
            "a.txt",
            b"Dear Sir,\n\nthe lease, as agreed, ends.\n\nYours, A\n",
            "text/",
            [("paragraph", "Dear Sir,"), ("paragraph", "the lease, as agreed, ends."), ("paragraph", "Yours, A")],
        ),
        ("a.txt", b"name;age\nAnn;31\nBob;45\n", "text_table/", [("table_row", "name | age"), ("table_row", "Ann | 31"), ("table_row", "Bob | 45")]),
        (
            "a.md",
            b"# Title\nfirst\n\n## Below #\n\nsecond\n",
            "text/",
            [("heading", "Title"), ("paragraph", "first"), ("heading", "Below"), ("paragraph", "second")],
        ),
        (
            "a.html",
            "<html><title>t</title><h1>Kop</h1><p>één<script>x()</script> b</p><table><tr><td>1</td><td></td><td>2</td></tr></table>".encode(
                "cp1252"
            ),
            "text/",
            [("property", "t"), ("heading", "Kop"), ("paragraph", "één b"), ("paragraph", "1 |  | 2")],
        ),
        ("a.xls", b"<html><body><table><tr><td>1</td></tr></table></body></html>", "text/", [("paragraph", "1")]),
        ("a.xls", b"name\tage\nAnn\t31\n", "text_table/", [("table_row", "name | age"), ("table_row", "Ann | 31")]),
        (
            "a.doc",
            b"{\\rtf1\\ansi\\ansicpg1252{\\header head\\par}Caf\\'e9 \\b bold\\b0\\par next\\par}",
            "text/",
            [("paragraph", "Café bold"), ("paragraph", "next"), ("paragraph", "head")],
        ),
    ],
    ids=["letter", "table", "markdown", "html", "html as xls", "tabs as xls", "rtf as doc"],
)
def test_text_is_read_as_what_it_is(tmp_path: Path, name: str, data: bytes, parser: str, elements: list[tuple[str, str]]) -> None:
    document = read(tmp_path / name, data)
    assert document.status is Status.OK
    assert document.parser.startswith(parser)
    assert [(element.kind, " ".join(element.text.split(" "))) for element in document.elements] == elements
    assert (Flag.DISGUISED in document.flags) == name.endswith((".xls", ".doc"))


def test_bytes_that_are_no_text_are_not_called_ok(tmp_path: Path) -> None:
    assert read(tmp_path / "t.csv", bytes(range(1, 32)) * 50).status is Status.CORRUPT
    assert read(tmp_path / "t.txt", bytes(range(256)) * 50).status is Status.UNSUPPORTED
    assert read(tmp_path / "e.csv", b"\xef\xbb\xbf \n").status is Status.EMPTY


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_the_corpus_tables_have_their_delimiters() -> None:
    wanted = {"tab": "tab", "pipe": "|", "semicolon": ";"}
    others = ("csvkit__test_header_newline.csv", "univocity-parsers__bean_test.csv")  # tabs in a quoted cell, tabs after commas
    rows = [line.split(",") for line in (CORPUS.parent / "manifest.csv").read_text().splitlines()[1:]]
    flagged = {Path(row[0]).name: wanted[row[5]] for row in rows if row[1] == "csv" and row[5] in wanted and not row[0].endswith(others)}
    found = {
        path.name: guessed(read_document(str(path), path.name, Limits(), None)).get("delimiter") for path in CORPUS.iterdir() if path.name in flagged
    }
    assert found == flagged
    assert len(found) > 8
