"""A real file with a few things wrong, the same for the same random numbers: bits, chunks, parts of containers, tags, sectors, lines."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from random import Random

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF)
_VALUES = (
    b"", b"0", b"-1", b"999999999999999999999", b"1e308", b"NaN", b"true", b"../../../outside", b"/etc/passwd", b"http://127.0.0.1:9/x",
    b"A" * 70_000, b"\xff\xfe", b"&#0;", b"&undefined;", b"\xe2\x80\xae", b"XFD1048577", b"=1+1",
)  # fmt: skip
_CHARSETS = (b"utf-7", b"utf-16", b"unknown-8bit", b"hex", b"rot13", b"idna", b"punycode", b"undefined", b"zlib", b"x" * 300, b"")
_TAG = re.compile(rb"<[^<>]{1,400}>")
_ATTRIBUTE = re.compile(rb'="[^"<>]{0,200}"')
_PDF_TOKEN = re.compile(rb"\d{1,10}|/[A-Za-z]{2,20}|\bobj\b|\bendobj\b|\bstream\b")
_TOO_LARGE = 64 * 2**20


def mutated(data: bytes, random: Random, other: bytes) -> bytes:
    """The file with one to four things wrong; `other` is another file, to take pieces from."""
    changes = _changes_for(data)
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        data = random.choice(changes)(data, random, other)
    return data


Change = Callable[[bytes, Random, bytes], bytes]


def _changes_for(data: bytes) -> list[Change]:
    if data.startswith(b"PK\x03\x04"):
        return [*([_in_a_part] * 12), _without_a_part, _parts_exchanged, _part_twice, *_RAW]
    if data.startswith(OLE_MAGIC):
        return [*([_sectors] * 4), *([_ole_numbers] * 6), *_RAW]
    if b"%PDF-" in data[:1024]:
        return [*([_pdf_tokens] * 8), *([_pdf_stream] * 4), *_RAW]
    return [*([_lines] * 8), *([_charset] * 2), *_RAW]


def _at(data: bytes, random: Random) -> int:
    return random.randrange(len(data) + 1)


def _chunk(data: bytes, random: Random) -> tuple[int, int]:
    start = _at(data, random)
    return start, min(len(data), start + random.choice((1, 4, 16, 64, 512, 4096, 65536)))


def _bits(data: bytes, random: Random, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 4, 16, 64)) if data else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _number(data: bytes, random: Random, other: bytes) -> bytes:
    """A boundary value, as two or four bytes in either order."""
    size = random.choice((2, 4))
    value = (random.choice(_NUMBERS) & (256**size - 1)).to_bytes(size, random.choice(("little", "big")))
    at = _at(data, random)
    return data[:at] + value + data[at + size :]


def _truncated(data: bytes, random: Random, other: bytes) -> bytes:
    return data[: _at(data, random)]


def _removed(data: bytes, random: Random, other: bytes) -> bytes:
    start, end = _chunk(data, random)
    return data[:start] + data[end:]


def _repeated(data: bytes, random: Random, other: bytes) -> bytes:
    start, end = _chunk(data, random)
    return data[:start] + data[start:end] * random.choice((2, 3, 50)) + data[end:]


def _noise(data: bytes, random: Random, other: bytes) -> bytes:
    at = _at(data, random)
    return data[:at] + random.randbytes(random.choice((1, 8, 512))) + data[at:]


def _zeroed(data: bytes, random: Random, other: bytes) -> bytes:
    start, end = _chunk(data, random)
    return data[:start] + bytes(end - start) + data[end:]


def _spliced(data: bytes, random: Random, other: bytes) -> bytes:
    return data[: _at(data, random)] + other[_at(other, random) :]


def _grafted(data: bytes, random: Random, other: bytes) -> bytes:
    start, end = _chunk(other, random)
    at = _at(data, random)
    return data[:at] + other[start:end] + data[at:]


_RAW: list[Change] = [_bits, _bits, _number, _truncated, _removed, _repeated, _noise, _zeroed, _spliced, _grafted]


def _parts(data: bytes) -> list[tuple[str, bytes]]:
    """The parts of a container; none where it can't be read whole or is too large to be packed again and again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _TOO_LARGE:
                return []
            return [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, ValueError, IndexError):
        return []


def _packed(parts: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts:
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _in_a_part(data: bytes, random: Random, other: bytes) -> bytes:
    parts = _parts(data)
    if not parts:
        return _bits(data, random, other)
    for _ in range(random.choice((1, 1, 3))):
        index = random.randrange(len(parts))
        name, part = parts[index]
        change = random.choice(_XML) if part.lstrip()[:1] == b"<" else random.choice(_RAW)
        parts[index] = (name, change(part, random, other))
    return _packed(parts)


def _without_a_part(data: bytes, random: Random, other: bytes) -> bytes:
    parts = _parts(data)
    if len(parts) < 2:
        return _bits(data, random, other)
    del parts[random.randrange(len(parts))]
    return _packed(parts)


def _parts_exchanged(data: bytes, random: Random, other: bytes) -> bytes:
    parts = _parts(data)
    if len(parts) < 2:
        return _bits(data, random, other)
    first, second = random.sample(range(len(parts)), 2)
    parts[first], parts[second] = (parts[first][0], parts[second][1]), (parts[second][0], parts[first][1])
    return _packed(parts)


def _part_twice(data: bytes, random: Random, other: bytes) -> bytes:
    """Under the same name, another one, or one that would leave the folder."""
    parts = _parts(data)
    if not parts:
        return _bits(data, random, other)
    name, part = random.choice(parts)
    again = random.choice((name.upper(), f"../../{name}", f"/{name}", name.replace("/", "\\"), f"{name}.rels", random.choice(parts)[0] + "/x"))
    return _packed([*parts, (again, part)])


def _tag(data: bytes, random: Random) -> re.Match[bytes] | None:
    start = random.randrange(len(data)) if data else 0
    return _TAG.search(data, start) or _TAG.search(data)


def _tag_removed(data: bytes, random: Random, other: bytes) -> bytes:
    tag = _tag(data, random)
    return data if tag is None else data[: tag.start()] + data[tag.end() :]


def _tag_repeated(data: bytes, random: Random, other: bytes) -> bytes:
    tag = _tag(data, random)
    return data if tag is None else data[: tag.start()] + tag.group() * random.choice((2, 300, 3000)) + data[tag.end() :]


def _tags_exchanged(data: bytes, random: Random, other: bytes) -> bytes:
    first, second = _tag(data, random), _tag(data, random)
    if first is None or second is None or first.end() > second.start():
        return data
    return data[: first.start()] + second.group() + data[first.end() : second.start()] + first.group() + data[second.end() :]


def _stretch_repeated(data: bytes, random: Random, other: bytes) -> bytes:
    first, second = _tag(data, random), _tag(data, random)
    if first is None or second is None or first.start() > second.start():
        return data
    stretch = data[first.start() : second.start()][:100_000]
    return data[: second.start()] + stretch * random.choice((1, 2, 20)) + data[second.start() :]


def _attribute(data: bytes, random: Random, other: bytes) -> bytes:
    start = random.randrange(len(data)) if data else 0
    found = _ATTRIBUTE.search(data, start) or _ATTRIBUTE.search(data)
    if found is None:
        return data
    return data[: found.start() + 2] + random.choice(_VALUES) + data[found.end() - 1 :]


def _content(data: bytes, random: Random, other: bytes) -> bytes:
    tag = _tag(data, random)
    return data if tag is None else data[: tag.end()] + random.choice(_VALUES) + data[tag.end() :]


def _entities(data: bytes, random: Random, other: bytes) -> bytes:
    """A document type whose entities grow, or name a file."""
    declared = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"lol") for n in range(9))
    doctype = b'<!DOCTYPE x [%s<!ENTITY f SYSTEM "file:///etc/passwd">]>' % declared
    tag = _tag(data, random)
    if tag is None:
        return data
    at = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    inside = max(at, tag.end())
    return data[:at] + doctype + data[at:inside] + random.choice((b"&e8;", b"&f;")) + data[inside:]


_XML: list[Change] = [
    _tag_removed, _tag_repeated, _tags_exchanged, _stretch_repeated, _attribute, _attribute, _attribute, _content, _entities, _bits,
    _truncated, _grafted,
]  # fmt: skip


def _sectors(data: bytes, random: Random, other: bytes) -> bytes:
    """A sector over another one, or emptied, or filled with what marks its end."""
    count = len(data) // _SECTOR
    if count < 2:
        return _bits(data, random, other)
    to, source = random.randrange(count) * _SECTOR, random.randrange(count) * _SECTOR
    filling = random.choice((data[source : source + _SECTOR], bytes(_SECTOR), b"\xff" * _SECTOR, b"\xfe\xff\xff\xff" * (_SECTOR // 4)))
    return data[:to] + filling + data[to + _SECTOR :]


def _ole_numbers(data: bytes, random: Random, other: bytes) -> bytes:
    """Numbers in the header, at the start of a sector (chains) or of a directory entry, that make loops and impossible sizes."""
    changed = bytearray(data)
    count = max(1, len(data) // _SECTOR)
    for _ in range(random.choice((1, 2, 8))):
        value = random.choice((random.randrange(count), random.choice(_NUMBERS))).to_bytes(4, "little")
        header = 24 + 4 * random.randrange(20)
        chain = random.randrange(count) * _SECTOR + 4 * random.randrange(128)
        entry = random.randrange(count * 4) * 128 + random.choice((64, 68, 72, 76, 116, 120))
        at = random.choice((header, chain, entry))
        changed[at : at + 4] = value
    return bytes(changed)


def _pdf_tokens(data: bytes, random: Random, other: bytes) -> bytes:
    """Numbers (references, lengths, counts) and names exchanged with others of the file, or with a boundary value."""
    for _ in range(random.choice((1, 3, 10))):
        start = random.randrange(len(data) + 1)
        found = _PDF_TOKEN.search(data, start)
        again = _PDF_TOKEN.search(data, random.randrange(len(data) + 1))
        if found is None or again is None:
            continue
        new = random.choice((again.group(), again.group(), str(random.choice(_NUMBERS)).encode(), b"-1", b"/Type", b"null"))
        data = data[: found.start()] + new + data[found.end() :]
    return data


def _pdf_stream(data: bytes, random: Random, other: bytes) -> bytes:
    """A compressed stream unpacked, changed and packed again; its recorded length is wrong then, as it is in many files."""
    starts = [match.end() for match in re.finditer(rb"FlateDecode[^<>]{0,200}>>\s*stream\r?\n", data)]
    if not starts:
        return _pdf_tokens(data, random, other)
    start = random.choice(starts)
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(data[start:], 4 * 2**20)
    except zlib.error:
        return _bits(data, random, other)
    end = len(data) - len(unpacker.unused_data) if unpacker.eof else start
    changed = zlib.compress(random.choice((_pdf_tokens, _bits, _repeated, _truncated))(content, random, other), 1)
    return data[:start] + changed + data[end:]


def _lines(data: bytes, random: Random, other: bytes) -> bytes:
    lines = data.split(b"\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(7):
        case 0:
            lines[first], lines[second] = lines[second], lines[first]
        case 1:
            del lines[first : first + random.choice((1, 3, 30))]
        case 2:
            lines[first:first] = [lines[second]] * random.choice((1, 100, 3000))
        case 3:
            lines[first] = lines[first][: random.randrange(len(lines[first]) + 1)] + random.choice(_VALUES) + lines[first]
        case 4:
            lines[first] = lines[first].replace(random.choice((b":", b";", b",", b"=", b'"', b"/")), random.choice((b"", b'"', b":", b"\x00", b"=?")))
        case 5:
            lines[first] += random.choice((b'"', b"'", b"\r", b"\x00", b"=?utf-8?q?=ZZ?=", b"; charset*0*=x'y", b"<" * 500, b"(" * 500))
        case _:
            return b"\n".join(lines).replace(b"\n", random.choice((b"\r", b"\r\n", b"\n\n")), random.choice((1, -1)))
    return b"\n".join(lines)


def _charset(data: bytes, random: Random, other: bytes) -> bytes:
    found = list(re.finditer(rb'charset="?([\w-]{1,30})|=\?([\w-]{1,30})\?|Transfer-Encoding: ?([\w-]{1,30})', data, re.IGNORECASE))
    if not found:
        return _lines(data, random, other)
    match = random.choice(found)
    group = match.lastindex or 0
    return data[: match.start(group)] + random.choice(_CHARSETS) + data[match.end(group) :]
