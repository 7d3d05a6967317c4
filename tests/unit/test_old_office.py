"""Binary Office files made here: every region under its name, statuses that are true, and no damage that ends in anything but a status."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

import pytest
from extract_msg import OleWriter

from lakedocs.extract.binary.sheet import _beside_the_cells
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.extract.reading import Reading
from lakedocs.records import Document, Flag, Status

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def read(path: Path, limits: Limits | None = None) -> Document:
    return read_document(str(path), path.name, limits or Limits(), None)


def ole(path: Path, streams: dict[str, bytes]) -> Path:
    writer = OleWriter()
    for name, data in streams.items():
        for storage in ("/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 1)):
            if storage not in map("/".join, writer.listItems(streams=False, storages=True)):
                writer.addEntry(storage, storage=True)
        writer.addEntry(name, data)
    writer.write(str(path))
    return path


def shown(document: Document) -> list[tuple[str, str, str]]:
    return [(element.kind, element.region, element.text) for element in document.elements]


# Word: the text in two pieces, the second in 16 bits; a page of paragraph properties and one of character properties
BODY = "Title\rBefore \x13 PAGE \x1412\x15 after\rcell a\x07cell b\x07\x07gone kept\r"
WIDE = "Zoë in 東京\r"
NOTE, HEADERS, COMMENT, BOX = "\x02 the note\r", "\r" * 6 + "left page\rright page\r", "\x05the comment\r", "in a box\r\r"


def properties_page(runs: list[tuple[int, bytes]], end: int, width: int) -> bytes:
    page = bytearray(512)
    starts = [start for start, _ in runs] + [end]
    struct.pack_into(f"<{len(starts)}I", page, 0, *starts)
    place = 510
    for index, (_, entry) in enumerate(runs):
        if entry:
            place = (place - len(entry)) // 2 * 2
            page[place : place + len(entry)] = entry
            page[4 * len(starts) + width * index] = place // 2
    page[511] = len(runs)
    return bytes(page)


def paragraph(style: int, *modifiers: tuple[int, int]) -> bytes:
    entry = struct.pack("<H", style) + b"".join(struct.pack("<HB", *modifier) for modifier in modifiers)
    return bytes([0, (len(entry) + 1) // 2]) + entry + b"\x00" * (len(entry) % 2)


def character(*modifiers: tuple[int, int]) -> bytes:
    entry = b"".join(struct.pack("<HB", *modifier) for modifier in modifiers)
    return bytes([len(entry)]) + entry


def word(path: Path, switches: int = 0x0200, **more: bytes) -> Path:
    narrow, wide = BODY, WIDE + NOTE + HEADERS + COMMENT + BOX
    start = 512
    wide_start = (start + len(narrow) + 1) // 2 * 2
    pages_start = (wide_start + 2 * len(wide) + 511) // 512
    main = bytearray(pages_start * 512 + 1024)
    struct.pack_into("<HH", main, 0, 0xA5EC, 193)
    struct.pack_into("<H", main, 10, switches)
    counts = (len(narrow) + len(WIDE), len(NOTE), len(HEADERS), 0, len(COMMENT), 0, len(BOX), 0)
    struct.pack_into("<8i", main, 0x4C, *counts)
    main[start : start + len(narrow)] = narrow.encode("cp1252")
    main[wide_start : wide_start + 2 * len(wide)] = wide.encode("utf-16-le")

    def at(text: str) -> int:
        return start + BODY.index(text)

    in_table = (0x2416, 1)
    paragraphs = [
        (start, paragraph(1)), (at("Before"), paragraph(0)), (at("cell a"), paragraph(0, in_table)),
        (at("cell b") + 7, paragraph(0, in_table, (0x2417, 1))),
        (at("gone"), paragraph(0)),
    ]  # fmt: skip
    characters = [(start, b""), (at("gone"), character((0x0800, 1))), (at("kept"), b"")]
    main[pages_start * 512 : pages_start * 512 + 512] = properties_page(paragraphs, wide_start + 2 * len(wide), 13)
    main[pages_start * 512 + 512 :] = properties_page(characters, wide_start + 2 * len(wide), 1)
    total = len(narrow) + len(wide)
    pieces = struct.pack("<III", 0, len(narrow), total + 1)
    pieces += struct.pack("<HIH", 0, start * 2 | 0x40000000, 0) + struct.pack("<HIH", 0, wide_start, 0)
    clx = b"\x01\x02\x00xx\x02" + struct.pack("<I", len(pieces)) + pieces
    stories = struct.pack("<10I", *range(7), 7 + len("left page"), len(HEADERS), len(HEADERS))
    of_paragraphs = struct.pack("<III", start, wide_start, pages_start)
    of_characters = struct.pack("<III", start, wide_start, pages_start + 1)
    table = b""
    for number, data in ((33, clx), (13, of_paragraphs), (12, of_characters), (11, stories)):
        struct.pack_into("<II", main, 0x9A + 8 * number, len(table), len(data))
        table += data
    return ole(path, {"WordDocument": bytes(main), "1Table": table, **more})


def test_a_binary_word_document_keeps_its_regions(tmp_path: Path) -> None:
    document = read(word(tmp_path / "a.doc"))
    assert document.status is Status.OK
    assert shown(document) == [
        ("heading", "body", "Title"),
        ("paragraph", "body", "Before 12 after"),
        ("table_row", "body", "cell a | cell b"),
        ("paragraph", "deletion", "gone"),
        ("paragraph", "body", "kept"),
        ("paragraph", "body", "Zoë in 東京"),
        ("footnote", "footnote", "the note"),
        ("header", "header", "left page"),
        ("header", "header", "right page"),
        ("comment", "comment", "the comment"),
        ("paragraph", "text_box", "in a box"),
    ]


def test_what_stands_within_is_a_document_of_its_own(tmp_path: Path) -> None:
    native = struct.pack("<IH", 0, 2) + b"list.csv\x00C:\\list.csv\x00" + struct.pack("<II", 0, 0) + struct.pack("<I", 1) + b"x\x00"
    data = b"name;town\nAnn;Oslo\n"
    inner = word(tmp_path / "inner.doc").read_bytes()
    import olefile

    with olefile.OleFileIO(inner) as found:
        streams = {f"ObjectPool/_1/{name}": found.openstream(name).read() for name in ("WordDocument", "1Table")}
    native = struct.pack("<IH", 0, 2) + b"list.csv\x00C:\\list.csv\x00" + struct.pack("<II", 0, 0) + b"t\x00" + struct.pack("<I", len(data)) + data
    document = read(word(tmp_path / "a.doc", **streams, **{"ObjectPool/_2/\x01Ole10Native": native}))
    names = {child.name: [element.text for element in child.elements] for child in document.children}
    assert names["list.csv"] == ["name | town", "Ann | Oslo"]
    assert "in a box" in names["embedded"]
    assert Flag.ATTACHMENTS_LEFT_OUT not in document.flags


def test_word_95_is_read_in_the_letters_of_its_writer(tmp_path: Path) -> None:
    text = "Договор аренды офиса\rконец\r"
    main = bytearray(1024)
    struct.pack_into("<HH", main, 0, 0xA5DC, 104)
    struct.pack_into("<II", main, 0x18, 768, 768 + len(text))
    struct.pack_into("<8i", main, 0x34, len(text), 0, 0, 0, 0, 0, 0, 0)
    main[768 : 768 + len(text)] = text.encode("cp1251")
    document = read(ole(tmp_path / "a.doc", {"WordDocument": bytes(main)}))
    assert [element.text for element in document.elements] == ["Договор аренды офиса", "конец"]


def record(kind: int, data: bytes, instance: int = 0, *, holds: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if holds else 0), kind, len(data)) + data


def container(kind: int, *inner: bytes, instance: int = 0) -> bytes:
    return record(kind, b"".join(inner), instance, holds=True)


def text(kind: int, words: str) -> bytes:
    data = record(0x0FA8, words.encode("latin-1")) if words.isascii() else record(0x0FA0, words.encode("utf-16-le"))
    return record(0x0F9F, struct.pack("<I", kind)) + data


def shape(*inner: bytes, is_place: bool = False) -> bytes:
    places = [container(0xF011, record(0x0BC3, bytes(8)))] if is_place else []
    return container(0xF004, *places, container(0xF00D, *inner))


def drawing(*shapes: bytes) -> bytes:
    return container(0x040C, container(0xF002, container(0xF003, *shapes)))


def listed(reference: int, slide_id: int) -> bytes:
    return record(0x03F3, struct.pack("<IIiII", reference, 0, 0, slide_id, 0))


def slides(path: Path, *, token: int = 0xE391C05F, edit_bytes: int = 28, **more: bytes) -> Path:
    comment = container(0x2EE0, record(0x0FBA, "Ann".encode("utf-16-le"), 0), record(0x0FBA, "why 5 €?".encode("utf-16-le"), 1))
    records = {
        1: container(
            0x03E8,
            container(0x0FF0, listed(9, 90), instance=1),
            container(0x0FF0, listed(2, 256), text(0, "From the outline"), text(1, "never shown"), listed(3, 257), instance=0),
            container(0x0FF0, listed(4, 300), instance=2),
            container(0x0FD9, record(0x0FBA, "the footer".encode("utf-16-le"), 2)),
        ),
        2: container(
            0x03EE,
            drawing(shape(text(4, "a\rb in 東京")), shape(record(0x0F9E, struct.pack("<I", 0)), is_place=True), shape(text(4, "*"))),
            container(0x1388, container(0x138A, record(0x138B, comment))),
        ),
        3: container(0x03EE, record(0x03F9, struct.pack("<IIBBHI", 0, 0, 0, 0, 4, 0)), drawing(shape(text(1, "hidden words")))),
        4: container(0x03F0, record(0x03F1, struct.pack("<II", 256, 0)), drawing(shape(text(2, "the notes")))),
        9: container(0x03F8, drawing(shape(text(1, "Click to edit"), is_place=True), shape(text(4, "on every slide")))),
        10: record(0x1011, struct.pack("<I", 9) + zlib.compress(b"name;town\nAnn;Oslo\n"), 1),
    }  # fmt: skip
    stale = container(0x03EE, drawing(shape(text(4, "an older version"))))
    data, places = stale, {2: 0}
    older = record(0x1772, struct.pack("<II", 2 | 1 << 20, 0))
    older_at = len(data)
    data += older
    first_edit = len(data)
    data += record(0x0FF5, struct.pack("<IIIIII", 0, 0, 0, older_at, 1, 11)[: edit_bytes - 4] + bytes(4))
    for number, entry in records.items():
        places[number] = len(data)
        data += entry
    directory = len(data)
    data += record(0x1772, b"".join(struct.pack("<II", number | 1 << 20, place) for number, place in places.items()))
    last_edit = len(data)
    data += record(0x0FF5, struct.pack("<IIIIIII", 0, 0, first_edit, directory, 1, 11, 0).ljust(edit_bytes, b"\x00"))
    user = struct.pack("<HHIIII", 0, 0x0FF6, 20, 20, token, last_edit) + bytes(12)
    return ole(path, {"Current User": user, "PowerPoint Document": data, **more})


def test_a_binary_presentation_keeps_its_regions(tmp_path: Path) -> None:
    document = read(slides(tmp_path / "a.ppt"))
    assert document.status is Status.OK
    assert [(element.place.slide, *row) for element, row in zip(document.elements, shown(document), strict=True)] == [
        (1, "heading", "body", "From the outline"),
        (1, "paragraph", "body", "a"),
        (1, "paragraph", "body", "b in 東京"),
        (1, "paragraph", "body", "never shown"),
        (1, "author", "comment", "Ann"),
        (1, "comment", "comment", "why 5 €?"),
        (1, "note", "notes", "the notes"),
        (2, "paragraph", "hidden", "hidden words"),
        (None, "paragraph", "master", "on every slide"),
        (None, "footer", "footer", "the footer"),
    ]
    assert Flag.HIDDEN_TEXT in document.flags
    assert [child.size_bytes for child in document.children] == [19]


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda path: word(path / "a.doc", switches=0x0300), Status.ENCRYPTED),
        (lambda path: slides(path / "a.ppt", token=0xF3D1C4DF), Status.ENCRYPTED),
        (lambda path: slides(path / "a.ppt", edit_bytes=32), Status.ENCRYPTED),
        (lambda path: slides(path / "a.ppt", EncryptedSummary=b"x"), Status.ENCRYPTED),
        (lambda path: ole(path / "a.doc", {"WordDocument": b"x" * 5000}), Status.CORRUPT),
        (lambda path: ole(path / "a.doc", {"WordDocument": b""}), Status.CORRUPT),
        (lambda path: ole(path / "a.ppt", {"PowerPoint Document": b"x" * 5000}), Status.CORRUPT),
    ],
    ids=["doc", "ppt by token", "ppt by edit", "ppt by stream", "no document", "no bytes", "no records"],
)
def test_statuses_are_true(tmp_path: Path, make: object, status: Status) -> None:
    document = read(make(tmp_path))  # type: ignore[operator]
    assert (document.status, document.elements) == (status, ())
    assert document.reason


def biff(version: int) -> bytes:
    """A workbook of Excel 2, 3 or 4: two labels and a number in Windows' western letters."""
    begin, label, number, pad = (0x0009, 0x0004, 0x0003, b"\0\0\0") if version == 2 else (0x0209 if version == 3 else 0x0409, 0x0204, 0x0203, b"\0\0")

    def entry(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    head = entry(begin, struct.pack("<HH" if version == 2 else "<HHH", *((2, 0x10) if version == 2 else (0, 0x10, 0)))) + entry(
        0x0042, struct.pack("<H", 1252)
    )
    length = "<B" if version == 2 else "<H"
    rows = [(0, "name"), (1, "Müller")]
    body = b"".join(entry(label, struct.pack("<HH", row, 0) + pad + struct.pack(length, len(name)) + name.encode("cp1252")) for row, name in rows)
    return head + body + entry(number, struct.pack("<HH", 1, 1) + pad + struct.pack("<d", 3.5)) + entry(0x000A, b"")


@pytest.mark.parametrize("version", [2, 3, 4])
def test_excel_before_97(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(biff(version))
    document = read(path)
    assert [element.text for element in document.elements if element.kind == "table_row"] == ["name", "Müller | 3.5"]
    path.write_bytes(biff(version)[:9])
    assert read(path).status in (Status.CORRUPT, Status.EMPTY)


def test_no_damage_ends_in_anything_but_a_status(tmp_path: Path) -> None:
    rng = random.Random(7)
    ends: set[Status] = set()
    quick = Limits(elements=2000, text_mb=1)
    for made in (word(tmp_path / "a.doc"), slides(tmp_path / "a.ppt")):
        whole = made.read_bytes()
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 3, 20))):
                data[rng.randrange(512, len(data))] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
            made.write_bytes(data[: rng.randrange(1024, len(data))] if rng.random() < 0.2 else data)
            ends.add(read(made, quick).status)
    assert Status.OK in ends
    assert Status.CORRUPT in ends


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("doc/tika__testWORD_2006ml.doc", {"heading", "table_row", "footnote", "header", "footer", "comment"}),
        ("doc/poi__Bug50955.doc", {"paragraph"}),
        ("ppt/poi__bug58718_008558.ppt", {"heading", "paragraph", "note"}),
        ("xls/tika__testEXCEL_extra_metadata.xls", {"comment", "footer", "table_row"}),
    ],
)
def test_the_corpus_keeps_its_kinds(name: str, wanted: set[str]) -> None:
    assert wanted - {element.kind for element in read(CORPUS / name).elements} == set()


def test_a_chart_in_a_sheet_does_not_part_its_comments_from_their_text() -> None:
    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    begin = record(0x0809, struct.pack("<HHHH", 0x0600, 5, 0, 0))
    head = begin + record(0x0085, struct.pack("<IH", 33, 0) + b"\x05\x00Sheet") + record(0x000A)
    text = record(0x005D, struct.pack("<HHHH", 0x15, 18, 0x19, 1)) + record(0x01B6, struct.pack("<10xH6x", 9)) + record(0x003C, b"\x00a comment")
    chart = begin + record(0x000A)
    note = record(0x001C, struct.pack("<HHHHH", 3, 1, 0, 1, 2) + b"\x00Jo")
    data = head + begin + text + chart + note + record(0x000A)
    assert len(head) == 33
    reading = Reading(Limits(), None)
    _beside_the_cells(data, reading)
    assert [(e.kind, e.region, e.text, e.place.cells) for e in reading.elements] == [
        ("author", "comment", "Jo", None), ("comment", "comment", "a comment", "B4"),
    ]  # fmt: skip
