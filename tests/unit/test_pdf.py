"""PDFs, each made here: what a page says comes in reading order, once, and what it does not say is told."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from pdfminer.psexceptions import PSSyntaxError
from pdfplumber.page import Page
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from lakedocs.extract.limits import Limits
from lakedocs.extract.pdf.lines import clean, unreadable
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Flag, Shows, Status

Draw = Callable[[Canvas], None]


def read(path: Path, **limits: object) -> Document:
    return read_document(str(path), path.name, Limits.model_validate(limits), None)


def drawn(tmp_path: Path, *pages: Draw, **options: object) -> Document:
    path = tmp_path / "drawn.pdf"
    canvas = Canvas(str(path), **options)
    for page in pages:
        canvas.setFont("Helvetica", 10)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return read(path)


def body(document: Document, *regions: str) -> list[str]:
    return [element.text for element in document.elements if element.region in (regions or ("body", "table"))]


def rows(document: Document) -> list[str]:
    return [element.text for element in document.elements if element.kind == "table_row"]


def packed(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, the first of which is its catalog."""
    out, places = b"%PDF-1.7\n", []
    for number, body_of in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body_of)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    return out + head + table + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(out))


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), entries, data)


CATALOG, TREE = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
TEXT, FONT = stream(b"BT /F1 12 Tf 72 700 Td (hello to whoever reads) Tj ET"), b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
LEFT = [f"the left column goes on in its line {number}" for number in range(20)]
RIGHT = [f"but the right one has words of its own, {number}" for number in range(20)]


def row_by_row(canvas: Canvas) -> None:
    canvas.drawString(50, 780, "A line above both of the columns that is as wide as the page, from its left to its right.")
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        canvas.drawString(50, 750 - 12 * number, left)
        canvas.drawString(310, 750 - 12 * number, right)


def stretch_by_stretch(canvas: Canvas) -> None:
    for start in range(0, 20, 4):
        for x, lines_of in ((310, RIGHT), (50, LEFT)):
            for number in range(start, start + 4):
                canvas.drawString(x, 750 - 12 * number, lines_of[number])


def column_by_column(canvas: Canvas) -> None:
    for x, lines in ((50, LEFT), (310, RIGHT)):
        for number, line in enumerate(lines):
            canvas.drawString(x, 750 - 12 * number, line)


@pytest.mark.parametrize("page", [row_by_row, stretch_by_stretch, column_by_column])
def test_columns_are_read_one_after_the_other(tmp_path: Path, page: Draw) -> None:
    text = "\n".join(body(drawn(tmp_path, page)))
    assert "\n".join(LEFT) in text
    assert "\n".join(RIGHT) in text
    assert text.index(LEFT[-1]) < text.index(RIGHT[0])


def test_a_table_without_rules_stays_in_rows(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        for number in range(20):
            canvas.drawString(50, 750 - 12 * number, f"Office {number}")
            canvas.drawString(310, 750 - 12 * number, f"{number * 1000} euro")

    assert "Office 7 7000 euro" in "\n".join(body(drawn(tmp_path, page)))


def test_headings_are_told_by_size_by_weight_and_by_the_outline(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        for y, size, font, text in (
            (760, 20, "Helvetica", "Report on the leases"), (720, 14, "Helvetica", "What was looked at"), (690, 10, "Helvetica-Bold", "In the north"),
            (560, 10, "Helvetica", "In the south"),
        ):  # fmt: skip
            canvas.setFont(font, size)
            canvas.drawString(72, y, text)
        canvas.setFont("Helvetica", 10)
        for y in (670, 658, 646, 540, 528, 516):
            canvas.drawString(72, y, f"A sentence of the text at {y}, which is as long as sentences are.")
        canvas.bookmarkPage("south")
        canvas.addOutlineEntry("In the South", "south", 0)
        canvas.bookmarkPage("nowhere")
        canvas.addOutlineEntry("A title that stands nowhere", "nowhere", 1)

    document = drawn(tmp_path, page)
    headings = [(element.text, element.level, element.region) for element in document.elements if element.kind == "heading"]
    assert headings == [
        ("A title that stands nowhere", 2, "outline"), ("Report on the leases", 1, "body"), ("What was looked at", 2, "body"),
        ("In the north", 3, "body"), ("In the south", 1, "body"),
    ]  # fmt: skip
    assert len([element for element in document.elements if element.kind == "paragraph"]) == 2


def test_large_text_all_over_is_no_heading(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 24)
        for number in range(10):
            canvas.drawString(72, 750 - 30 * number, f"A line of a large letter, {number}")

    assert {element.kind for element in drawn(tmp_path, page).elements if element.region == "body"} == {"paragraph"}


CELLS = [("Office", "Rent"), ("Utrecht", "1,200"), ("Zwolle", "800")]
EDGES_X, EDGES_Y = (72, 200, 330), (600, 620, 640, 660)


def cells(canvas: Canvas) -> None:
    canvas.drawString(72, 700, "Offices and what they cost:")
    for row, texts in enumerate(CELLS):
        for column, text in enumerate(texts):
            canvas.drawString(76 + 128 * column, 645 - 20 * row, text)
    canvas.drawString(72, 560, "Utrecht is the larger one.")


def lines(canvas: Canvas) -> None:
    canvas.setLineWidth(1)
    for x in EDGES_X:
        canvas.line(x, EDGES_Y[0], x, EDGES_Y[-1])
    for y in EDGES_Y:
        canvas.line(EDGES_X[0], y, EDGES_X[-1], y)


def dashed(canvas: Canvas) -> None:
    canvas.setDash(3, 2)
    lines(canvas)
    canvas.setDash()


def pieces(canvas: Canvas) -> None:
    for x in EDGES_X:
        for y in range(600, 660, 5):
            canvas.line(x, y, x, y + 3)
    for y in EDGES_Y:
        for x in range(72, 330, 5):
            canvas.line(x, y, x + 3, y)


def thin_areas(canvas: Canvas) -> None:
    for x in EDGES_X:
        canvas.rect(x, 600, 0.7, 60, stroke=0, fill=1)
    for y in EDGES_Y:
        canvas.rect(72, y, 258, 0.7, stroke=0, fill=1)


def one_path(canvas: Canvas) -> None:
    path = canvas.beginPath()
    for x in EDGES_X:
        path.moveTo(x, 600)
        path.lineTo(x, 660)
    for y in EDGES_Y:
        path.moveTo(72, y)
        path.lineTo(330, y)
    canvas.drawPath(path)


def framed_cells(canvas: Canvas) -> None:
    for bottom in EDGES_Y[:-1]:
        canvas.rect(72, bottom, 128, 20)
        canvas.rect(200, bottom, 130, 20)


def within_a_form(canvas: Canvas) -> None:
    canvas.beginForm("grid")
    canvas.translate(-10, -20)
    lines(canvas)
    canvas.endForm()
    canvas.translate(10, 20)
    canvas.doForm("grid")
    canvas.translate(-10, -20)


def open_sides(canvas: Canvas) -> None:
    canvas.line(200, 600, 200, 660)
    for y in EDGES_Y:
        canvas.line(72, y, 330, y)


@pytest.mark.parametrize("rules", [lines, dashed, pieces, thin_areas, one_path, framed_cells, within_a_form, open_sides])
@pytest.mark.parametrize("rotation", [0, 90])
def test_a_ruled_table_is_read_as_rows_once_and_in_its_place(tmp_path: Path, rules: Draw, rotation: int) -> None:
    def page(canvas: Canvas) -> None:
        if rotation:
            canvas.setPageRotation(rotation)
            canvas.translate(792, 0)
            canvas.rotate(90)
        rules(canvas)
        cells(canvas)

    assert body(drawn(tmp_path, page)) == ["Offices and what they cost:", *(" | ".join(row) for row in CELLS), "Utrecht is the larger one."]


def test_text_stays_whole_where_a_service_may_replace_the_rows(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas)
        cells(canvas)

    drawn(tmp_path, page)
    document = read(tmp_path / "drawn.pdf", table_pages_as_images=True)
    assert rows(document) == [" | ".join(row) for row in CELLS]
    said = " ".join(element.text for element in document.elements if element.kind == "paragraph")
    assert all(cell in said for row in CELLS for cell in row)
    assert [image.shows for image in document.images] == [Shows.TABLE_PAGE]


def test_only_the_head_and_the_end_of_a_table_may_be_ruled(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        for y in (660, 640, 560):
            canvas.line(72, y, 330, y)
        canvas.line(200, 560, 200, 660)
        for row, texts in enumerate((("Office", "Rent"), ("Utrecht", "1,200"), ("Zwolle", "800"), ("Breda", "950"))):
            for column, text in enumerate(texts):
                canvas.drawString(76 + 128 * column, 645 - 20 * row, text)

    assert rows(drawn(tmp_path, page)) == ["Office | Rent", "Utrecht | 1,200", "Zwolle | 800", "Breda | 950"]


def chart(canvas: Canvas) -> None:
    for number in range(30):
        canvas.line(72, 400 + 10 * number, 400, 400 + 10 * number)
        canvas.line(72 + 10 * number, 400, 72 + 10 * number, 690)
    canvas.drawString(100, 500, "rents")
    canvas.drawString(300, 600, "offices")


def framed(canvas: Canvas) -> None:
    canvas.rect(60, 400, 400, 300)
    for number in range(5):
        canvas.drawString(72, 650 - 20 * number, f"A line in a frame, the one with the number {number}.")


def underlined(canvas: Canvas) -> None:
    for number in range(9):
        canvas.drawString(72, 650 - 20 * number, f"A line above a rule, the one with the number {number}.")
        canvas.line(72, 648 - 20 * number, 400, 648 - 20 * number)


@pytest.mark.parametrize("page", [chart, framed, underlined])
def test_not_every_rule_makes_a_table(tmp_path: Path, page: Draw) -> None:
    document = drawn(tmp_path, page)
    assert rows(document) == []
    assert document.flags == ()


def test_cells_that_do_not_fit_the_words_are_read_by_a_second_reader_and_never_garbled(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas)
        for y in (645, 625, 605):
            canvas.drawString(100, y, "Words that run over the rules of it, all of them")

    document = drawn(tmp_path, page)
    assert rows(document) == []
    assert Flag.TABLES_LEFT_OUT in document.flags
    assert document.reason == "With a table of which only the text was read: page 1."
    assert "run over the rules" in body(document)[0]


def test_links_comments_and_fields_are_told_once(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "Write to the office, or see www.example.org/rents for more.")
        canvas.linkURL("mailto:ina.vries@example.org", (72, 690, 100, 710))
        canvas.linkURL("www.example.org/rents", (100, 690, 200, 710))
        canvas.linkURL("mailto:ina.vries@example.org", (200, 690, 300, 710))
        canvas.textAnnotation("Ask again in May", Rect=(10, 10, 30, 30))
        canvas.freeTextAnnotation("Seen", DA="/Helv 10 Tf", Rect=(50, 10, 90, 30))
        canvas.acroForm.textfield(name="tenant", value="Joris Maas", x=72, y=600)
        canvas.acroForm.textfield(name="empty", value="", x=72, y=560)
        canvas.acroForm.checkbox(name="paid", checked=True, x=72, y=520)
        canvas.acroForm.checkbox(name="late", checked=False, x=72, y=500)

    document = drawn(tmp_path, page)
    assert body(document, "link") == ["mailto:ina.vries@example.org"]
    assert "Ask again in May" in body(document, "comment")
    assert "Seen" in body(document, "comment")
    assert body(document, "form") == ["tenant: Joris Maas", "paid: Yes"]
    assert sum("Joris Maas" in element.text for element in document.elements) == 1


def test_files_attached_to_a_page_are_read_and_references_to_others_are_not(tmp_path: Path) -> None:
    annotation = b"<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS 7 0 R/Contents(the figures)>>"
    elsewhere = b"<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS<</Type/Filespec/F(/etc/hostname)>>>>"
    page = PAGE[:-2] + b"/Annots[6 0 R 9 0 R]>>"
    file = b"<</Type/Filespec/F(rents.csv)/EF<</F 8 0 R>>>>"
    data = stream(b"office;rent\nUtrecht;1200\n", b"/Type/EmbeddedFile")
    path = tmp_path / "attached.pdf"
    path.write_bytes(packed([CATALOG, TREE, page, TEXT, FONT, annotation, file, data, elsewhere]))
    document = read(path)
    assert [child.name for child in document.children] == ["rents.csv"]
    assert body(document, "comment") == ["the figures"]


def scanned(canvas: Canvas, text: str = "") -> None:
    canvas.drawImage(ImageReader(Image.new("RGB", (60, 80), "grey")), 0, 0, 595, 842)
    canvas.drawString(290, 20, text)


def written(canvas: Canvas) -> None:
    canvas.drawString(72, 700, "A page of text, which can be read by everybody.")


def invisible(canvas: Canvas) -> None:
    scanned(canvas)
    text = canvas.beginText(72, 700)
    text.setTextRenderMode(3)
    text.textOut("What was recognised on this page lies below its picture, unseen.")
    canvas.drawText(text)


@pytest.mark.parametrize(
    ("pages", "status", "reason"),
    [
        pytest.param([written, scanned, scanned, written, scanned], Status.OK, "Without text: pages 2-3, 5; ", id="some"),
        pytest.param([written, lambda canvas: scanned(canvas, "Page 2")], Status.OK, "Without text: page 2; ", id="a page number is no text"),
        pytest.param([scanned, lambda canvas: scanned(canvas, "2")], Status.NEEDS_OCR, "No text layer on any of its pages (2)", id="all"),
        pytest.param([invisible], Status.OK, "", id="recognised text is text"),
        pytest.param([written, lambda canvas: None], Status.OK, "", id="an empty page lacks nothing"),
        pytest.param([lambda canvas: None], Status.EMPTY, "The PDF has no text", id="nothing"),
    ],
)
def test_pages_without_text_are_named(tmp_path: Path, pages: list[Draw], status: Status, reason: str) -> None:
    document = drawn(tmp_path, *pages)
    assert document.status is status
    assert document.reason.startswith(reason) if reason else not document.reason
    assert (Flag.PAGES_WITHOUT_TEXT in document.flags) is (status is Status.OK and bool(reason))


@pytest.mark.parametrize(
    ("text", "is_unreadable"),
    [
        ("A plain text.", False),
        ("\ue001\ue002\ue003 \ue004", True),
        ("Tick \ue001 one of three boxes", False),
        ("\ufffd\ufffd\ufffd of", True),
        ("", False),
    ],
)
def test_letters_without_a_meaning_are_noticed(text: str, is_unreadable: bool) -> None:
    assert unreadable(text) is is_unreadable


@pytest.mark.parametrize(
    ("raw", "page", "wanted"),
    [
        ("the agree\ufffement holds", "", "the agreement holds"),
        ("a well\ufffeknown case", "it is well-known", "a well-known case"),
        ("in COVID\ufffe19 years", "", "in COVID-19 years"),
        ("of Anne\ufffeMarie", "", "of Anne-Marie"),
        ("the ﬁrst oﬀer", "", "the first offer"),
        ("nothing to mend", "", "nothing to mend"),
    ],
)
def test_words_are_whole(raw: str, page: str, wanted: str) -> None:
    assert clean(raw, page) == wanted


def bomb() -> list[bytes]:
    return [CATALOG, TREE, PAGE, stream(zlib.compress(b" q Q" * (8 << 20), 9), b"/Filter/FlateDecode"), FONT]


def nested_bomb() -> list[bytes]:
    return [CATALOG, TREE, PAGE, stream(zlib.compress(zlib.compress(b" q Q" * (8 << 20), 9), 9), b"/Filter[/FlateDecode/FlateDecode]"), FONT]


def cycle() -> list[bytes]:
    tree, inner = b"<</Type/Pages/Kids[3 0 R 6 0 R]/Count 3>>", b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R 6 0 R]/Count 2>>"
    return [CATALOG, tree, PAGE, TEXT, FONT, inner]


def a_million_pages() -> list[bytes]:
    return [CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1000000>>", PAGE, TEXT, FONT]


@pytest.mark.parametrize(
    ("objects", "status"),
    [(bomb, Status.TOO_LARGE), (nested_bomb, Status.TOO_LARGE), (cycle, Status.OK), (a_million_pages, Status.OK)],
)
def test_hostile_files_end_at_once(tmp_path: Path, objects: Callable[[], list[bytes]], status: Status) -> None:
    path = tmp_path / "hostile.pdf"
    path.write_bytes(packed(objects()))
    document = read(path)
    assert document.status is status
    if status is Status.OK:
        assert "hello to whoever reads" in body(document)[0]
        assert len(document.elements) < 5
    if objects is a_million_pages:
        assert Flag.TRUNCATED in document.flags


def test_bombs_are_seen_on_volumes_that_map_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unmapped(*_: object, **__: object) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr("lakedocs.extract.pdf.guard.mmap.mmap", unmapped)
    path = tmp_path / "hostile.pdf"
    for objects, status in ((bomb(), Status.TOO_LARGE), (cycle(), Status.OK)):
        path.write_bytes(packed(objects))
        assert read(path).status is status


def test_what_packs_well_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "dense.pdf"
    content = b"BT /F1 12 Tf 72 700 Td (hello to whoever reads) Tj ET" + b" " * (12 << 20)
    path.write_bytes(packed([CATALOG, TREE, PAGE, stream(zlib.compress(content), b"/Filter/FlateDecode"), FONT]))
    assert read(path).status is Status.OK


def test_images_are_decoded_only_where_they_are_kept(tmp_path: Path) -> None:
    jpeg = BytesIO()
    Image.effect_noise((200, 200), 50).save(jpeg, "JPEG")

    def page(canvas: Canvas) -> None:
        written(canvas)
        canvas.drawImage(ImageReader(BytesIO(jpeg.getvalue())), 72, 300, 100, 100)

    assert drawn(tmp_path, page).images == ()
    kept = read_document(str(tmp_path / "drawn.pdf"), "drawn.pdf", Limits(), tmp_path / "images")
    assert [image.media_type for image in kept.images] == ["image/jpeg"]


def xfa(*packets: tuple[bytes, bytes]) -> bytes:
    array = b"".join(b"(%s) %d 0 R " % (name, number) for number, (name, _) in enumerate(packets, start=7))
    catalog = b"<</Type/Catalog/Pages 2 0 R/NeedsRendering true/AcroForm 6 0 R>>"
    form = b"<</Fields[]/XFA[%s]>>" % array
    wait = stream(b"BT /F1 12 Tf 72 700 Td (Please wait...) Tj ET")
    return packed([catalog, TREE, PAGE, wait, FONT, form, *(stream(data) for _, data in packets)])


def test_a_dynamic_form_says_what_its_packets_say(tmp_path: Path) -> None:
    template = b"<template><subform><draw><value><text>Name of the tenant</text></value></draw></subform></template>"
    data = b"<datasets><data><form><tenant>Joris Maas</tenant><empty/></form></data></datasets>"
    path = tmp_path / "form.pdf"
    path.write_bytes(xfa((b"datasets", data), (b"template", template)))
    document = read(path)
    assert document.status is Status.OK
    assert body(document, "form") == ["Name of the tenant", "tenant: Joris Maas"]
    assert "Please wait" not in " ".join(element.text for element in document.elements)
    assert document.reason.startswith("A dynamic form (XFA)")
    path.write_bytes(xfa((b"config", b"<config/>")))
    assert read(path).status is Status.UNSUPPORTED


CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "pdf"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("kreuzberg__right_to_left_01.pdf", ["تحسين الإنتاجية وحل المشكلات من خلال البرمجة بلغة R وPython", "R وPython من الأدوات"]),
        ("sample-files__habibi.pdf", ["ϲΒϴΒ habibi حَبيبي"]),
        ("tika__testPopupAnnotation.pdf", ["this is the note"]),
        ("tika__testPDF_rotated.pdf", ["formally started when the Tika proposal was accepted"]),
        (
            "unstructured__layout-parser-paper-with-table.pdf",
            ["HJDataset [31] | F / M | - | Layouts of history Japanese documents", "3.1 Layout Detection Models"],
        ),
        ("pdfplumber__nics-background-checks-2015-11-rotated.pdf", ["Alabama | 18,870 | 23,022 | 22,650 | 859"]),
        ("kreuzberg__medium.pdf", ["approximately 170 million"]),
    ],
)
def test_real_files_are_read_as_they_are_written(name: str, wanted: list[str]) -> None:
    text = "\n".join(element.text for element in read(CORPUS / name).elements)
    for expected in wanted:
        assert expected in text


def test_marked_words_are_no_table(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setFillColorRGB(1, 1, 0)
        for number, width in enumerate((40, 90, 60)):
            canvas.rect(90, 640 - 15 * number, width, 15, stroke=0, fill=1)
            canvas.rect(90 + width, 640 - 15 * number, 70, 15, stroke=0, fill=1)
        canvas.setFillColorRGB(0, 0, 0)
        for number in range(3):
            canvas.drawString(72, 644 - 15 * number, "Some of the words in this sentence were marked with a yellow pen by somebody.")

    document = drawn(tmp_path, page)
    assert rows(document) == []
    assert document.flags == ()


def test_a_page_that_the_second_reader_can_not_parse_keeps_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas)
        for y in (645, 625, 605):
            canvas.drawString(100, y, "Words that run over the rules of it, all of them")

    def failing(self: Page, settings: object) -> None:
        raise PSSyntaxError

    monkeypatch.setattr(Page, "find_tables", failing)
    document = drawn(tmp_path, page)
    assert document.status is Status.OK
    assert "run over the rules" in body(document)[0]
    assert Flag.TABLES_LEFT_OUT in document.flags


def test_a_field_on_two_pages_is_told_once(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        written(canvas)
        canvas.acroForm.textfield(name="tenant", value="Joris Maas", x=72, y=600)

    assert body(drawn(tmp_path, page, page), "form") == ["tenant: Joris Maas"]


def test_an_attachment_that_is_only_listed_does_not_take_the_text_along(tmp_path: Path) -> None:
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a.txt) 9 0 R]>>>>>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length 45>>stream\nBT /F1 24 Tf 20 200 Td (The lease ends) Tj ET\nendstream", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    path = tmp_path / "a.pdf"
    # without a table of its objects, which pdfium makes for itself
    path.write_bytes(
        b"%PDF-1.7\n" + b"".join(b"%d 0 obj%s\nendobj\n" % each for each in enumerate(bodies, 1)) + b"trailer<</Size 6/Root 1 0 R>>\n%%EOF"
    )
    document = read_document(str(path), path.name, Limits(), None)
    assert [element.text for element in document.elements] == ["The lease ends"]
    assert (document.status, document.flags) == (Status.OK, (Flag.ATTACHMENTS_LEFT_OUT,))
