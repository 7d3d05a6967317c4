"""Files made to hurt who reads them: containers that unpack to far more, structures without end, names and links that lead outside."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

MB = 2**20
_TYPES = ("[Content_Types].xml", b"<Types/>")
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_W = f'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" {_R}'
_A = f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" {_R}'
_P = f'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" {_A}'
_S = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" {_R}'
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Packed:
    """A part as it lies in a container: deflated bytes, and what its directory says of it."""

    def __init__(self, data: bytes = b"", *, deflated: bytes | None = None, size: int | None = None, mode: int = 0, flags: int = 0x800) -> None:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.deflated = packer.compress(data) + packer.flush() if deflated is None else deflated
        self.size = len(data) if size is None else size
        self.crc = zlib.crc32(data)
        self.mode, self.flags = mode, flags


def repeated(piece: bytes, times: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """`before`, then a piece over and over, then `after`, deflated at once however long it is."""

    def flushed(data: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)

    return flushed(before) + flushed(piece) * times + flushed(after) + b"\x03\x00"


def container(parts: Iterable[tuple[str, bytes | Packed]], *, overlap: bool = False) -> bytes:
    """A ZIP file of these parts; with `overlap`, all share the data of the first."""
    out, directory, count = io.BytesIO(), io.BytesIO(), 0
    first = 0
    for name, given in parts:
        part = given if isinstance(given, Packed) else Packed(given)
        raw = name.encode("utf-8", "surrogateescape")
        at = out.tell() if not (overlap and count) else first
        header = struct.pack("<HHHHHIIIHH", 20, part.flags, 8, 0, 0x21, part.crc, len(part.deflated), part.size, len(raw), 0)
        if not (overlap and count):
            out.write(b"PK\x03\x04" + header + raw + part.deflated)
        directory.write(b"PK\x01\x02" + struct.pack("<H", 0x0314) + header + struct.pack("<HHHII", 0, 0, 0, part.mode << 16, at) + raw)
        count += 1
    start, listed = out.tell(), directory.getvalue()
    out.write(listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, min(count, 65535), min(count, 65535), len(listed), start, 0))
    return out.getvalue()


def word(body: str | bytes | Packed, *more: tuple[str, bytes | Packed], relations: str = "") -> bytes:
    """A docx with that body, or with that document part, and more parts."""
    document = (
        body
        if isinstance(body, Packed)
        else Packed(body if isinstance(body, bytes) else f"<w:document {_W}><w:body>{body}</w:body></w:document>".encode())
    )
    related = ("word/_rels/document.xml.rels", f"<Relationships {_PACKAGE}>{relations}</Relationships>".encode())
    return container([_TYPES, ("word/document.xml", document), related, *more])


def slides(tree: str) -> bytes:
    """A pptx of one slide with these shapes."""
    relation = f'<Relationships {_PACKAGE}><Relationship Id="r1" Type="{_RELATION}/slide" Target="slides/slide1.xml"/></Relationships>'
    return container([
        _TYPES,
        ("ppt/presentation.xml", f'<p:presentation {_P}><p:sldIdLst><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>'.encode()),
        ("ppt/_rels/presentation.xml.rels", relation.encode()),
        ("ppt/slides/slide1.xml", f"<p:sld {_P}><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>".encode()),
    ])  # fmt: skip


def workbook(sheet: bytes | Packed, *more: tuple[str, bytes | Packed]) -> bytes:
    """An xlsx with that sheet part, and more parts."""
    relation = f'<Relationships {_PACKAGE}><Relationship Id="r1" Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    top = f'<Relationships {_PACKAGE}><Relationship Id="r1" Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    return container([
        ("[Content_Types].xml", b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'),
        ("_rels/.rels", top.encode()),
        ("xl/workbook.xml", f'<workbook {_S}><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>'.encode()),
        ("xl/_rels/workbook.xml.rels", relation.encode()),
        ("xl/worksheets/sheet1.xml", sheet),
        *more,
    ])  # fmt: skip


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def sheet_of(rows: str) -> bytes:
    return f"<worksheet {_S}><sheetData>{rows}</sheetData></worksheet>".encode()


SHEET_START, SHEET_END = f"<worksheet {_S}><sheetData>".encode(), b"</sheetData></worksheet>"


def embedded(documents: Iterable[bytes]) -> bytes:
    """A docx that carries these documents."""
    carried = [(f"word/embeddings/d{number}.docx", data) for number, data in enumerate(documents)]
    relations = "".join(f'<Relationship Id="r{n}" Type="{_RELATION}/package" Target="embeddings/d{n}.docx"/>' for n in range(len(carried)))
    return word(paragraph("carrier"), *carried, relations=relations)


def nested(data: bytes, depth: int, copies: int = 1) -> bytes:
    for _ in range(depth):
        data = embedded([data] * copies)
    return data


def laughs(where: str, encoding: str = "utf-8") -> bytes:
    declared = "".join(f'<!ENTITY e{n} "{(f"&e{n - 1};" * 10) if n else "lolololol"}">' for n in range(10))
    inside = f'<w:p w:x="&e9;">{paragraph("x")}</w:p>' if where == "attribute" else paragraph("&e9;")
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [{declared}]><w:document {_W}><w:body>{inside}</w:body></w:document>'
    return text.encode(encoding)


def quadratic() -> bytes:
    """One long entity, many times."""
    body = "&a;" * 50_000
    return f'<!DOCTYPE d [<!ENTITY a "{"a" * 50_000}">]><w:document {_W}><w:body>{paragraph(body)}</w:body></w:document>'.encode()


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def picture(data: bytes, name: str = "word/media/i.png") -> bytes:
    relation = f'<Relationship Id="p" Type="{_RELATION}/image" Target="/{name}"/>'
    shown = f'<w:p><w:r><w:t>seen</w:t><w:drawing><a:blip {_A} r:embed="p"/></w:drawing></w:r></w:p>'
    return word(shown, (name, data), relations=relation)


def pdf(objects: dict[int, bytes], trailer: bytes = b"<</Root 1 0 R>>") -> bytes:
    """A PDF of these objects, with a table of where they are."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, content in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 %s \n" % (places.get(number, 0), b"n" if number in places else b"f")
    trailer = trailer.replace(b"<<", b"<</Size %d" % size, 1)
    return bytes(out) + b"trailer%s\nstartxref\n%d\n%%%%EOF" % (trailer, start)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries, data)


def page_of(content: bytes, resources: bytes = b"", more: dict[int, bytes] | None = None, box: bytes = b"[0 0 600 800]") -> bytes:
    """A PDF of one page with this content object (4), resources and further objects; font F is object 5."""
    return pdf({
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%s>>>>" % (box, resources),
        4: content,
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        **(more or {}),
    })  # fmt: skip


FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]"
FIRST_FORM = 100


def drawings(contents: Sequence[bytes], resources: Sequence[bytes], page: bytes = b"/X0 Do", more: dict[int, bytes] | None = None) -> bytes:
    """A PDF of a page that draws form X0, whose content and entries of its dictionary these are; X1, X2 ... follow, known to the page, too."""
    forms = {FIRST_FORM + at: stream(content, FORM + entries) for at, (content, entries) in enumerate(zip(contents, resources, strict=True))}
    return page_of(stream(page), names(range(len(contents))), {**forms, **(more or {})})


def names(numbers: Iterable[int]) -> bytes:
    """The entry of resources that calls forms by these numbers."""
    return b"/XObject<<%s>>" % b"".join(b"/X%d %d 0 R" % (at, FIRST_FORM + at) for at in numbers)


def objects(held: dict[int, bytes]) -> bytes:
    """A stream of objects."""
    heads = b" ".join(b"%d %d" % (number, sum(len(one) for at, one in held.items() if at < number)) for number in held) + b" "
    packed = zlib.compress(heads + b"".join(held.values()))
    return stream(packed, b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(held), len(heads)))


def page_tree(kids: bytes, count: int, content: bytes = b"BT /F 12 Tf (seen) Tj ET", more: dict[int, bytes] | None = None) -> bytes:
    """A PDF whose tree has these kids; page is object 3."""
    return pdf({
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        4: stream(content),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        **(more or {}),
    })  # fmt: skip


def zlib_bomb(piece: bytes, times: int) -> bytes:
    return b"\x78\x9c" + repeated(piece, times) + b"\x00\x00\x00\x00"


def mail(*lines: str) -> bytes:
    return "\r\n".join(("From: a@example.org", "To: b@example.org", "Subject: hello", "MIME-Version: 1.0", *lines)).encode()


def multiparts(depth: int) -> bytes:
    lines = ['Content-Type: multipart/mixed; boundary="b0"', ""]
    for level in range(1, depth):
        lines += [f"--b{level - 1}", f'Content-Type: multipart/mixed; boundary="b{level}"', ""]
    return mail(*lines, f"--b{depth - 1}", "", "deep")


def forwarded(depth: int) -> bytes:
    return mail(
        *(
            ["Content-Type: message/rfc822", ""]
            + ["From: a@example.org", "Subject: again", "MIME-Version: 1.0", "Content-Type: message/rfc822", ""] * depth
        ),
        "deep",
    )


def parts(count: int) -> bytes:
    return mail('Content-Type: multipart/mixed; boundary="b"', "", *(["--b", "Content-Type: text/plain", "", "x"] * count), "--b--")


def attachments(names: Iterable[str]) -> bytes:
    lines = ['Content-Type: multipart/mixed; boundary="b"', "", "--b", "", "the body"]
    for name in names:
        lines += ["--b", "Content-Type: text/csv", f'Content-Disposition: attachment; filename="{name}"', "Content-Transfer-Encoding: base64", ""]
        lines += [base64.b64encode(b"a,b\n1,2\n").decode()]
    return mail(*lines, "--b--")


def ole(stream_name: str, *, fat_loop: bool = False, directory_loop: bool = False, size: int = 4096 * 4) -> bytes:
    """A compound file of one stream, whose chain or directory may run in a circle."""
    end, free, special = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    count = size // 512
    chain = [special, end] + [number + 3 for number in range(count - 1)] + [2 if fat_loop else end]
    fat = (chain + [free] * 128)[:128]
    claimed = 0x7FFFFFF0 if fat_loop else size
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHHHIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, 1, 1, 0, 4096, end, 0, end, 0)
    )
    header += struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, start: int, length: int, child: int, left: int = free, right: int = free) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        return raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, left, right, child) + bytes(36) + struct.pack("<IQ", start, length)

    loop = (1, 1) if directory_loop else (free, free)
    directory = entry("Root Entry", 5, end, 0, 1) + entry(stream_name, 2, 2, claimed, free, *loop) + bytes(256)
    return header + struct.pack("<128I", *fat) + directory + b"x" * size


Case = tuple[str, Callable[[], bytes]]


def write(folder: Path, case: Case) -> Path:
    """The file of a case, under the name that it has."""
    path = folder / case[0]
    path.write_bytes(case[1]())
    return path
