"""What files made to hurt do to the process that reads them: a status at once, little memory, no word to anyone, nothing written elsewhere."""

from __future__ import annotations

import random
import socket
import stat
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.packages import book
from tests.unit import hostile as h

from lakedocs.errors import DocumentError
from lakedocs.extract.guard import Guard
from lakedocs.extract.isolation import IsolatedReader
from lakedocs.extract.limits import Limits
from lakedocs.extract.pdf.guard import check_streams
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Flag, Status

SECONDS = 1.0
MEMORY_MB = 200
CORRUPT, EMPTY, NEEDS_OCR, OK, TOO_LARGE = Status.CORRUPT, Status.EMPTY, Status.NEEDS_OCR, Status.OK, Status.TOO_LARGE
ROW = b'<row><c t="inlineStr"><is><t>abcdefghij</t></is></c><c><v>1234567</v></c></row>'
TEXT, FONTS = b"BT /F 12 Tf 9 9 Td (seen) Tj ET", b"/Resources<</Font<</F 5 0 R>>>>"
BLANKS = h.repeated(b" " * h.MB, 1)


@pytest.fixture(scope="module")
def reader() -> Iterator[IsolatedReader]:
    reader = IsolatedReader(Limits(seconds=20))
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def idle_mb(reader: IsolatedReader, tmp_path_factory: pytest.TempPathFactory) -> int:
    path = tmp_path_factory.mktemp("idle") / "a.csv"
    path.write_bytes(b"a,b\n")
    return reader.read(str(path), path.name, None).peak_mb


def rows_of(row: bytes, size: int | None = None) -> bytes:
    """A million of that row in a sheet; `size` is what the directory says of it instead of the truth."""
    block = row * 1000
    true = len(h.SHEET_START) + 1000 * len(block) + len(h.SHEET_END)
    return h.workbook(h.Packed(deflated=h.repeated(block, 1000, h.SHEET_START, h.SHEET_END), size=size or true))


TWICE = [b"/X%d Do /X%d Do" % (n + 1, n + 1) for n in range(20)] + [b"0 0 m 9 9 l S"]


def within(number: int) -> bytes:
    """Resources that name the next drawing."""
    return b"/Resources<<%s>>" % h.names([number + 1])


REPEATED_DRAWINGS: dict[str, Callable[[], bytes]] = {
    "each the next one twice": lambda: h.drawings(TWICE, [within(n) for n in range(21)]),
    "each the next one twice, packed": lambda: h.drawings(
        [zlib.compress(content) for content in TWICE], [b"/Filter/FlateDecode" + within(n) for n in range(21)]),
    "ten of ten of ten": lambda: h.drawings([b"/X1 Do " * 10, b"/X2 Do " * 10, b"/X3 Do " * 10, b"/X3 Do " * 10, b""], [within(n) for n in range(5)],
                                            page=b"/X0 Do " * 100),
    "with names from the page": lambda: h.drawings(TWICE, [b""] * 21),
    "with names from elsewhere": lambda: h.drawings(TWICE, [b"/Resources %d 0 R" % (200 + 2 * n) for n in range(21)], more={
        **{200 + 2 * n: b"<</XObject %d 0 R>>" % (201 + 2 * n) for n in range(21)},
        **{201 + 2 * n: b"<</X%d %d 0 R>>" % (n + 1, h.FIRST_FORM + n + 1) for n in range(21)}}),
    "with names in a stream of objects": lambda: h.drawings(TWICE, [b"/Resources %d 0 R" % (200 + n) for n in range(21)], more={
        300: h.objects({200 + n: b"<<%s>>" % h.names([n + 1]) for n in range(21)})}),
    "with names spelled otherwise": lambda: h.drawings(
        [content.replace(b"/X", b"/#58") for content in TWICE], [within(n) for n in range(21)]),
    "one within itself twice": lambda: h.drawings([b"/X0 Do /X0 Do"], [b"/Resources<<%s>>" % h.names([0])]),
    "all of all": lambda: h.drawings([b" ".join(b"/X%d Do" % n for n in range(12))] * 12, [b"/Resources<<%s>>" % h.names(range(12))] * 12),
}  # fmt: skip

AT_ONCE: dict[str, tuple[Callable[[], bytes], set[Status]]] = {
    "unpacks to 425 MB.docx": (lambda: h.word(h.Packed(deflated=h.repeated(b" " * h.MB, 425), size=425 * h.MB)), {TOO_LARGE}),
    "a part that unpacks far.docx": (lambda: h.word(h.Packed(deflated=h.repeated(b" " * h.MB, 100), size=100 * h.MB)), {TOO_LARGE}),
    "says a thousand bytes, is a gigabyte.docx": (lambda: h.word(h.Packed(deflated=h.repeated(b" " * h.MB, 1024), size=1000)), {CORRUPT}),
    "says little, is a gigabyte.xlsx": (lambda: rows_of(ROW, size=1000), {CORRUPT}),
    "says a plausible size, is a gigabyte.xlsx": (lambda: rows_of(ROW, size=50 * h.MB), {CORRUPT}),
    "a million rows of nothing.xlsx": (lambda: rows_of(b"<row><c><v>1</v></c></row>"), {TOO_LARGE}),
    "parts in one another.docx": (
        lambda: h.container([(f"word/{n or 'document'}.xml", h.Packed(deflated=BLANKS, size=h.MB)) for n in range(200)], overlap=True), {CORRUPT}),
    "65,000 parts.docx": (lambda: h.word("", *[(f"word/{n}.xml", h.Packed()) for n in range(65_000)]), {TOO_LARGE}),
    "25,000 parts of short names.docx": (lambda: h.word("", *[(f"w{n}", h.Packed()) for n in range(25_000)]), {TOO_LARGE}),
    "documents in documents, forty of forty of forty.docx": (lambda: h.nested(h.word(h.paragraph("leaf")), 5, 40), {OK}),
    "documents in documents, each just within.docx": (
        lambda: h.embedded([h.word(h.Packed(deflated=h.repeated(h.paragraph("x").encode() * 9000, 80), size=80 * 9000 * 47))] * 100), {OK}),
    "entities that grow.docx": (lambda: h.word(h.laughs("content")), {CORRUPT}),
    "entities that grow in an attribute.docx": (lambda: h.word(h.laughs("attribute")), {CORRUPT}),
    "entities in two-byte letters.docx": (lambda: h.word(h.laughs("attribute", "utf-16")), {CORRUPT}),
    "entities in hidden letters.docx": (lambda: h.word(h.laughs("attribute", "utf-7").replace(b"<!E", b"+ADwAIQ-E")), {CORRUPT, EMPTY}),
    "a long entity many times.docx": (lambda: h.word(h.quadratic()), {CORRUPT}),
    "content controls in one another.docx": (
        lambda: h.word("<w:sdt><w:sdtContent>" * 9000 + h.paragraph("x") + "</w:sdtContent></w:sdt>" * 9000), {CORRUPT}),
    "paragraphs in one another.docx": (lambda: h.word("<w:p>" * 90_000 + "</w:p>" * 90_000), {CORRUPT}),
    "tables in one another.docx": (lambda: h.word("<w:tbl><w:tr><w:tc>" * 15_000 + "</w:tc></w:tr></w:tbl>" * 15_000), {CORRUPT}),
    "shapes in one another.pptx": (lambda: h.slides("<p:sp>" * 60_000 + "</p:sp>" * 60_000), {CORRUPT}),
    "paragraphs in one another.pptx": (
        lambda: h.slides("<p:sp><p:txBody>" + "<a:p><a:r><a:t>x</a:t></a:r>" * 20_000 + "</a:p>" * 20_000 + "</p:txBody></p:sp>"), {CORRUPT}),
    "rows in one another.xlsx": (lambda: h.workbook(h.sheet_of("<row>" * 60_000 + "</row>" * 60_000)), {OK, CORRUPT}),
    "an attribute of a megabyte.docx": (lambda: h.word(f'<w:p w:x="{"y" * 1_000_000}"/>' + h.paragraph("x")), {OK}),
    "100,000 attributes.docx": (lambda: h.word("<w:p " + " ".join(f'w:a{n}="1"' for n in range(100_000)) + "/>" + h.paragraph("x")), {OK}),
    "100,000 notes in XML.docx": (lambda: h.word("<!-- c -->" * 100_000 + h.paragraph("x")), {OK}),
    "a picture of ten thousand million pixels.docx": (lambda: h.picture(h.png(100_000, 100_000)), {OK}),
    "a chain of sectors in a circle.msg": (lambda: h.ole("__properties_version1.0", fat_loop=True), {CORRUPT}),
    "a chain of sectors in a circle.xls": (lambda: h.ole("Workbook", fat_loop=True), {CORRUPT}),
    "a directory in a circle.msg": (lambda: h.ole("__properties_version1.0", directory_loop=True), {CORRUPT}),
    "a directory in a circle.xls": (lambda: h.ole("Workbook", directory_loop=True), {CORRUPT}),
    "pages in a circle.pdf": (
        lambda: h.pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 2>>",
                     3: b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R 3 0 R]/Count 100000>>"}), {NEEDS_OCR, CORRUPT, EMPTY}),
    "two thousand million pages.pdf": (
        lambda: h.pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 2147483647>>",
                     3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}), {EMPTY, NEEDS_OCR, CORRUPT, TOO_LARGE}),
    "tables of objects in a circle.pdf": (
        lambda: h.pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 0>>"}, b"<</Root 1 0 R/Prev 9>>"), {CORRUPT, EMPTY}),
    "lists in one another.pdf": (lambda: h.page_of(h.stream(b"BT /F 12 Tf (seen) Tj ET"), more={6: b"[" * 200_000 + b"]" * 200_000}), {OK, CORRUPT}),
    "a page of a thousand kilometres.pdf": (lambda: h.page_of(h.stream(b"0 0 m 9 9 l S"), box=b"[0 0 1e9 1e9]"), {NEEDS_OCR, EMPTY}),
    "a page a hundred thousand times.pdf": (lambda: h.page_tree(b"3 0 R " * 100_000, 100_000), {OK}),
    "pages ten times ten times ten ....pdf": (
        lambda: h.page_tree(b"10 0 R " * 10, 10**5, more={10 + n: b"<</Type/Pages/Kids[%s]/Count %d>>" % (b"%d 0 R " % (11 + n if n < 3 else 3) * 10,
                                                                                                         10 ** (4 - n)) for n in range(4)}), {OK}),
    "a page of many lines ten thousand times.pdf": (
        lambda: h.page_tree(b"3 0 R " * 10_000, 10_000, b"BT /F 12 Tf (seen) Tj ET" + b" 0 0 m 9 9 l S" * 3000), {OK}),
    **{f"drawings, {name}.pdf": (make, {TOO_LARGE}) for name, make in REPEATED_DRAWINGS.items()},
    "parts in one another, 500 deep.eml": (lambda: h.multiparts(500), {OK, CORRUPT, EMPTY}),
    "forwarded ten thousand times.eml": (lambda: h.forwarded(10_000), {OK, CORRUPT, EMPTY}),
    "a header of half a megabyte.eml": (lambda: h.mail("Cc: " + "x@example.org, " * 35_000, "", "body"), {OK}),
    "a header of open brackets.eml": (lambda: h.mail("Cc: " + "(" * 200_000, "", "body"), {OK}),
    "a header of encoded words.eml": (lambda: h.mail("Cc: " + "=?utf-8?q?a?= " * 100_000, "", "body"), {OK}),
    "two thousand parts.eml": (lambda: h.parts(2000), {OK}),
    "tags in one another.eml": (lambda: h.mail("Content-Type: text/html", "", "<div>" * 100_000 + "deep"), {OK}),
    "a row of a megabyte.csv": (lambda: b"a" * h.MB, {OK}),
    "a quote that never ends.csv": (lambda: b'a,b\n"' + b"text, text\n" * 20_000, {OK}),
}  # fmt: skip


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", AT_ONCE)
def test_it_ends_with_its_status_at_once_and_in_little_memory(reader: IsolatedReader, idle_mb: int, tmp_path: Path, name: str) -> None:
    make, expected = AT_ONCE[name]
    path = written(tmp_path, name, make())
    document = reader.read(str(path), name, tmp_path / "images")
    assert (document.status in expected, document.is_final) == (True, True), document.reason
    assert not document.reason.startswith("The parser"), "what is known to come has a reason of its own"
    # what one took first stays with the process, so a little is let pass; a busy machine takes its time
    assert document.seconds < 2 * SECONDS
    assert document.peak_mb - idle_mb < MEMORY_MB


@pytest.mark.parametrize(
    "name", ["a page a hundred thousand times.pdf", "pages ten times ten times ten ....pdf", "a page of many lines ten thousand times.pdf"]
)
def test_repeated_pages_are_cut_where_the_bytes_hold_no_more(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, AT_ONCE[name][0]())
    document = read_document(str(path), name, Limits(), None)
    told = len({element.place.page for element in document.elements})
    assert document.flags == (Flag.TRUNCATED,)
    assert document.reason == f"Cut after page {told}: what follows repeats pages, for the bytes of the file hold no more."
    assert 0 < told < 1000 + path.stat().st_size / 50


@pytest.mark.parametrize("name", REPEATED_DRAWINGS)
def test_repeated_drawings_are_counted_before_any_is_drawn(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "bomb.pdf", REPEATED_DRAWINGS[name]())
    with pytest.raises(DocumentError, match="Its drawings repeat one another"):
        check_streams(str(path), Limits())


HONEST_DRAWINGS: dict[str, Callable[[], bytes]] = {
    "each another twice, six deep": lambda: h.drawings([*TWICE[:6], TEXT], [within(n) for n in range(6)] + [FONTS]),
    "thousands of one on a page": lambda: h.drawings([TEXT], [FONTS], page=b" ".join(b"q 1 0 0 1 %d 0 cm /X0 Do Q" % n for n in range(5000))),
    "as many as the bytes hold": lambda: h.drawings(
        [b"/X1 Do", TEXT], [within(0), FONTS], page=b" ".join(b"q 1 0 0 1 %d 0 cm /X0 Do Q" % n for n in range(15_000))),
    "one within itself": lambda: h.drawings([TEXT + b" /X0 Do"], [b"/Resources<</Font<</F 5 0 R>>%s>>" % h.names([0])]),
    "of a name that others have": lambda: h.drawings(
        [b"/A Do /A Do" if n < 20 else TEXT for n in range(21)], [b"/Resources<</XObject<</A 5 0 R>>>>"] * 20 + [FONTS], page=b"/X0 Do /X20 Do"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST_DRAWINGS)
def test_honest_drawings_are_read(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "honest.pdf", HONEST_DRAWINGS[name]())
    document = read_document(str(path), path.name, Limits(), None)
    assert (document.status, document.flags) == (OK, ())
    assert "seen" in document.elements[0].text


def test_very_many_small_pages_are_read(tmp_path: Path) -> None:
    pages = {
        10 + n: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents %d 0 R/Resources<</Font<</F 5 0 R>>>>>>" % (20_000 + n) for n in range(3000)
    }
    contents = {20_000 + n: h.stream(b"BT/F 9 Tf(%d)Tj ET" % n) for n in range(3000)}
    path = written(tmp_path, "many.pdf", h.page_tree(b" ".join(b"%d 0 R" % n for n in pages), len(pages), more={**pages, **contents}))
    document = read_document(str(path), path.name, Limits(), None)
    assert (document.flags, len(document.elements)) == ((), 3000)


def test_very_many_honest_rows_are_cut_not_refused(tmp_path: Path) -> None:
    rows = b"".join(b'<row><c t="str"><v>%d</v></c></row>' % (number * 7919 % 999_983) for number in range(20_000))
    path = written(tmp_path, "rows.xlsx", h.workbook(h.SHEET_START + rows + h.SHEET_END))
    document = read_document(str(path), path.name, Limits(elements=3000), None)
    assert (document.status, Flag.TRUNCATED in document.flags, len(document.elements)) == (Status.OK, True, 3000)


BY_THE_LIMITS: dict[str, Callable[[], bytes]] = {
    "a page that unpacks to a gigabyte.pdf": lambda: h.page_of(h.stream(h.zlib_bomb(b" " * h.MB, 1000), b"/Filter/FlateDecode")),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_THE_LIMITS)
def test_what_cannot_be_known_beforehand_is_stopped_by_the_limits(tmp_path: Path, name: str) -> None:
    reader = IsolatedReader(Limits(seconds=10, memory_mb=200))
    path = written(tmp_path, name, BY_THE_LIMITS[name]())
    document = reader.read(str(path), name, None)
    again = written(tmp_path, "good.csv", b"a,b\n")
    assert document.status in (Status.TOO_LARGE, Status.TIMED_OUT, Status.OK, Status.NEEDS_OCR), document.reason
    assert reader.read(str(again), again.name, None).status is Status.OK, "the next one is read"
    reader.close()


def test_attachments_share_what_one_file_may_take(tmp_path: Path) -> None:
    limits = Limits(attachments=5, elements=12)
    path = written(tmp_path, "a.docx", h.embedded([h.embedded([h.word(h.paragraph("leaf"))] * 3)] * 3))
    document = read_document(str(path), path.name, limits, None)
    everyone = list(family(document))
    assert len(everyone) == 1 + 5
    assert Flag.ATTACHMENTS_LEFT_OUT in {flag for one in everyone for flag in one.flags}
    path = written(tmp_path, "b.eml", h.attachments(f"{n}.csv" for n in range(5)))
    everyone = list(family(read_document(str(path), path.name, limits, None)))
    assert sum(len(one.elements) for one in everyone) == 12
    assert Flag.TRUNCATED in everyone[-1].flags


def family(document: Document) -> Iterator[Document]:
    yield document
    for child in document.children:
        yield from family(child)


NAMES = (
    "../../outside.csv",
    "/outside.csv",
    "..\\..\\outside.csv",
    "C:\\outside.csv",
    "CON.csv",
    "a\x01b.csv",
    "x" * 5000 + ".csv",
    ".",
    "..",
)


def test_headers_in_headers_take_no_longer_than_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi " + rb"{\header x" * 20_000 + b"}" * 20_000 + b" body}")
    start = time.monotonic()
    document = read_document(str(path), path.name, Limits(), None)
    assert time.monotonic() - start < 10
    assert (document.status, document.flags, document.elements[0].text) == (Status.OK, (Flag.TRUNCATED,), "body")


@pytest.mark.parametrize("attached", [b"one\n\ntwo", b"name,age\nAnn,3\n"], ids=["text", "table"])
def test_an_attachment_of_which_nothing_was_kept_is_not_called_empty(tmp_path: Path, attached: bytes) -> None:
    mail = EmailMessage()
    mail.set_content("the body")
    mail.add_attachment(attached, maintype="text", subtype="x", filename="a.txt")
    path = tmp_path / "m.eml"
    path.write_bytes(mail.as_bytes())
    document = read_document(str(path), path.name, Limits(elements=1), None)
    (child,) = document.children
    assert (document.status, child.status, child.flags, child.elements) == (Status.OK, Status.TOO_LARGE, (Flag.TRUNCATED,), ())


def test_names_and_links_lead_nowhere(reader: IsolatedReader, tmp_path: Path) -> None:
    link = h.Packed(b"/etc/hostname", mode=stat.S_IFLNK | 0o777)
    files = {
        "names.eml": h.attachments(NAMES),
        "parts.docx": h.word(
            h.paragraph("seen"), *[(name, b"outside") for name in ("../../outside.txt", "/outside.txt", "word\\..\\..\\outside.txt")]
        ),
        "link.docx": h.word(h.paragraph("seen"), ("word/link.xml", link)),
    }
    source, images = tmp_path / "source", tmp_path / "images"
    source.mkdir()
    for name, data in files.items():
        document = reader.read(str(written(source, name, data)), name, images)
        assert document.status is Status.OK, document.reason
        assert all("hostname" not in element.text for one in family(document) for element in one.elements)
    assert sorted(path.name for path in source.iterdir()) == sorted(files)
    assert sorted(path.name for path in tmp_path.iterdir() if path != images) == ["source"]
    assert not list(tmp_path.parent.glob("outside*")) + list(Path("/").glob("outside*"))
    assert reader._work is not None
    assert [path.name for path in Path(reader._work.name).iterdir() if path.stat().st_size] == [], "no attachment is left where it was read"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port on this machine, and who called there."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    callers.append(server.accept()[1])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], callers
        stop.set()
        thread.join()


def test_nothing_outside_is_ever_asked_for(reader: IsolatedReader, listener: tuple[int, list[object]], tmp_path: Path) -> None:
    port, callers = listener
    address = f"http://127.0.0.1:{port}/x"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    external = "".join(
        f'<Relationship Id="e{n}" Type="{relation}/{kind}" Target="{address}" TargetMode="External"/>'
        for n, kind in enumerate(("attachedTemplate", "image", "oleObject", "package", "chart", "externalLink", "hyperlink"))
    )
    pictures = "".join(f'<w:p><w:r><w:drawing><a:blip {h._A} r:link="e{n}" r:embed="e{n}"/></w:drawing></w:r></w:p>' for n in range(7))
    style = f'<?xml-stylesheet href="{address}" type="text/xsl"?><!DOCTYPE d SYSTEM "{address}">'
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:l="http://www.w3.org/1999/xlink"><image l:href="{address}"/></svg>'
    files = {
        "template.docx": h.word(pictures + h.paragraph("seen") + include, ("word/media/i.svg", svg.encode()), relations=external),
        "styled.docx": h.word((style + f"<w:document {h._W}><w:body>{h.paragraph('seen')}</w:body></w:document>").encode()),
        "entity.docx": h.word(f'<!DOCTYPE d [<!ENTITY x SYSTEM "{address}">]><d>&x;</d>'.encode()),
        "svg.docx": h.picture(svg.encode(), "word/media/i.svg"),
        "links.xlsx": h.workbook(
            h.sheet_of(f'<row r="1"><c r="A1" t="str"><f>WEBSERVICE("{address}")</f><v>seen</v></c></row>'),
            ("xl/worksheets/_rels/sheet1.xml.rels", f'<Relationships {h._PACKAGE}>{external}</Relationships>'.encode()),
        ),
        "remote.eml": h.mail(
            "Content-Type: text/html", "",
            f'<base href="{address}"><link rel="stylesheet" href="{address}"><p>seen</p><img src="{address}"><iframe src="{address}"></iframe>'),
        "elsewhere.eml": h.mail(f'Content-Type: message/external-body; access-type=URL; URL="{address}"', "", "seen"),
        "action.pdf": h.page_of(h.stream(b"BT /F 12 Tf (seen) Tj ET"), b"/XObject<</X<</F(%s)>>>>" % address.encode(),
                              {6: b"<</S/URI/URI(%s)>>" % address.encode()}),
        "quoted.csv": f'=HYPERLINK("{address}"),=WEBSERVICE("{address}")'.encode(),
    }  # fmt: skip
    read = {name: reader.read(str(written(tmp_path, name, data)), name, tmp_path / "images") for name, data in files.items()}
    assert {name: document.status for name, document in read.items()} == {
        name: Status.CORRUPT if name == "entity.docx" else Status.OK for name in files
    }, {name: document.reason for name, document in read.items()}
    assert callers == []


OUTSIDE: dict[str, tuple[str, tuple[object, ...], bool]] = {
    "a file elsewhere": ("open", ("/outside", "w", 0o1101), True),
    "a file elsewhere, read": ("open", ("/etc/hostname", "r", 0), False),
    "a file in its folder": ("open", ("/place/here/x", "w", 0o1101), False),
    "a folder that is called like its own": ("open", ("/place/hereafter/x", "w", 0o1101), True),
    "out of its folder again": ("open", ("/place/here/../x", "w", 0o1101), True),
    "a file by its descriptor": ("open", (5, "w", 0o1101), False),
    "an image": ("os.rename", ("/images/a.partial", "/images/a", -1, -1), False),
    "an image to elsewhere": ("os.rename", ("/images/a", "/a", -1, -1), True),
    "a folder": ("os.mkdir", ("/outside", 511, -1), True),
    "what an open folder holds": ("os.remove", ("a", 5), False),
    "a call": ("socket.connect", (None, ("127.0.0.1", 80)), True),
    "a name": ("socket.getaddrinfo", ("example.org", 80, 0, 0, 0), True),
    "a program": ("subprocess.Popen", ("sh", ["sh"], None, None), True),
    "a module": ("import", ("json", None, None, None, None), False),
}


@pytest.mark.parametrize(("event", "arguments", "is_stopped"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_the_second_lock(event: str, arguments: tuple[object, ...], is_stopped: bool) -> None:
    guard = Guard("/place/here")
    guard.images = "/images"
    if is_stopped:
        with pytest.raises(DocumentError):
            guard(event, arguments)
    else:
        guard(event, arguments)


def test_a_child_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    reader = IsolatedReader(Limits(seconds=10))
    path = written(tmp_path, "a.csv", b"a,b\n")
    reader.read(str(path), path.name, None)
    assert reader._work is not None
    work = Path(reader._work.name)
    (work / "left").write_bytes(b"confidential")
    reader.close()
    assert not work.exists()


def test_a_mail_is_read_without_the_attachment_that_takes_too_long(tmp_path: Path) -> None:
    digits = random.Random(1)
    cells = "".join(f"<row>{''.join(f'<c><v>{digits.random()}</v></c>' for _ in range(40))}</row>" for _ in range(40_000))
    message = EmailMessage()
    message["Subject"] = "The list"
    message.set_content("It is attached.")
    slow = book(tmp_path / "slow.xlsx", cells).read_bytes()
    message.add_attachment(slow, maintype="application", subtype="octet-stream", filename="slow.xlsx")
    (tmp_path / "mail.eml").write_bytes(message.as_bytes())
    reader = IsolatedReader(Limits(seconds=1.2))
    try:
        document = reader.read(str(tmp_path / "mail.eml"), "mail.eml", None)
        alone = reader.read(str(tmp_path / "slow.xlsx"), "slow.xlsx", None)
    finally:
        reader.close()
    assert alone.status is Status.TIMED_OUT
    assert (document.status, document.flags, document.children) == (Status.OK, (Flag.ATTACHMENTS_LEFT_OUT,), ())
    assert "It is attached." in [element.text for element in document.elements]
    assert document.reason == "Read without its attachments: Parsing took more than 1.2 seconds."
