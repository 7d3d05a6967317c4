"""PowerPoint 97-2003 presentations: titles, text, notes, comments, headers and footers, what the master says, embedded files, pictures.

Such a file grows by appending: a directory at its end says which of the records that it holds are still part of the presentation (MS-PPT 2.1.2).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from lakedocs.errors import DocumentError
from lakedocs.extract.binary.container import add_beside, opened, stream
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Status

_USER_EDIT, _DIRECTORY, _DOCUMENT = 0x0FF5, 0x1772, 0x03E8
_SLIDE, _NOTES, _MASTER = 0x03EE, 0x03F0, 0x03F8
_LIST, _LISTED, _SHOW_INFO = 0x0FF0, 0x03F3, 0x03F9
_TEXT_KIND, _WIDE, _NARROW, _REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_SHAPE, _PLACEHOLDER, _STRING, _COMMENT, _HEADERS, _TAGGED = 0xF004, 0x0BC3, 0x0FBA, 0x2EE0, 0x0FD9, 0x138B
_EMBEDDED, _NOTES_ATOM, _SLIDE_ATOM = 0x1011, 0x03F1, 0x03EF
_CONTAINER = 0xF
_TITLES = frozenset({0, 6})
_OF_SLIDES, _OF_MASTERS, _OF_NOTES = 0, 1, 2
_ENCRYPTED_TOKEN, _ENCRYPTED_SIZE, _HIDDEN = 0xF3D1C4DF, 0x20, 0x0004
_COMPRESSED, _MOST_TIMES = 1, 150
_MOST_EDITS, _DEEPEST = 10_000, 40
_BLIPS = {0xF01D: "jpg", 0xF01E: "png", 0xF029: "tif", 0xF02A: "jpg"}
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*")
_FIELDS = frozenset({"*"})
"""What stands for the number of the slide or the date."""


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    is_container: bool
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Text:
    kind: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A slide as the document lists it: where its record is, its number for notes, and the texts of its outline."""

    reference: int
    slide_id: int
    texts: list[_Text] = field(repr=False)


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a binary PowerPoint presentation.

    Raises:
        DocumentError: corrupt or encrypted.
    """
    with opened(path) as ole:
        user = stream(ole, "Current User")
        data = stream(ole, "PowerPoint Document")
        if ole.exists("EncryptedSummary") or (len(user) >= 16 and int.from_bytes(user[12:16], "little") == _ENCRYPTED_TOKEN):
            raise DocumentError(Status.ENCRYPTED, "The presentation needs a password.")
        try:
            _presentation(data, int.from_bytes(user[16:20], "little"), reading)
        except (struct.error, IndexError) as error:
            raise DocumentError(Status.CORRUPT, "The presentation's records point nowhere.") from error
        _pictures(stream(ole, "Pictures"), reading)
        add_beside(ole, reading)


def _presentation(data: bytes, last_edit: int, reading: Reading) -> None:
    where, document = _directory(data, last_edit)
    if not where:
        where, document = _in_order(data)
    top = _record_at(data, where.get(document, -1))
    if top is None or top.kind != _DOCUMENT:
        raise DocumentError(Status.CORRUPT, "The presentation's list of slides can't be found.")
    lists = {record.instance: list(_listed(record)) for record in _records(top.data) if record.kind == _LIST}
    notes = {}
    for entry in lists.get(_OF_NOTES, []):
        record = _record_at(data, where.get(entry.reference, -1))
        if record is not None:
            notes[_slide_of_notes(record)] = (record, entry)
    for number, entry in enumerate(lists.get(_OF_SLIDES, []), start=1):
        if reading.full:
            return
        record = _record_at(data, where.get(entry.reference, -1))
        _slide(record, entry, number, reading)
        if entry.slide_id in notes:
            _notes(*notes[entry.slide_id], number, reading)
    for entry in lists.get(_OF_MASTERS, []):
        _master(_record_at(data, where.get(entry.reference, -1)), reading)
    for place, text in _headers(top):
        reading.add(place, text, region=place)
    for offset in where.values():
        embedded = _record_at(data, offset)
        if embedded is not None and embedded.kind == _EMBEDDED:
            _embedded(embedded, reading)


def _directory(data: bytes, edit: int) -> tuple[dict[int, int], int]:
    """Where each record is that still counts, newest edit first, and the number of the document's."""
    where: dict[int, int] = {}
    document, seen = 0, set[int]()
    while edit and edit not in seen and len(seen) < _MOST_EDITS:
        seen.add(edit)
        record = _record_at(data, edit)
        if record is None or record.kind != _USER_EDIT:
            break
        if len(record.data) >= _ENCRYPTED_SIZE:
            raise DocumentError(Status.ENCRYPTED, "The presentation needs a password.")
        edit, directory, number = struct.unpack_from("<III", record.data, 8)
        document = document or number
        listing = _record_at(data, directory)
        if listing is not None and listing.kind == _DIRECTORY:
            for reference, offset in _references(listing.data):
                where.setdefault(reference, offset)
    return where, document


def _references(data: bytes) -> Iterator[tuple[int, int]]:
    place = 0
    while place + 4 <= len(data):
        (head,) = struct.unpack_from("<I", data, place)
        first, number = head & 0xFFFFF, head >> 20
        place += 4
        number = min(number, (len(data) - place) // 4)
        for index, offset in enumerate(struct.unpack_from(f"<{number}I", data, place)):
            yield first + index, offset
        place += 4 * number


def _in_order(data: bytes) -> tuple[dict[int, int], int]:
    """The same for a file whose directory is lost: slides and masters have the numbers of their order in the file."""
    where, number, document, place = {}, 0, 0, 0
    for record, offset in _with_offsets(data, place):
        if record.kind in (_DOCUMENT, _SLIDE, _NOTES, _MASTER):
            number += 1
            where[number] = offset
            document = number if record.kind == _DOCUMENT else document
    return where, document


def _record_at(data: bytes, offset: int) -> _Record | None:
    if not 0 <= offset <= len(data) - 8:
        return None
    head, kind, size = struct.unpack_from("<HHI", data, offset)
    return _Record(kind, head >> 4, head & 0xF == _CONTAINER, data[offset + 8 : offset + 8 + size])


def _with_offsets(data: bytes, place: int) -> Iterator[tuple[_Record, int]]:
    while (record := _record_at(data, place)) is not None:
        yield record, place
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "little")


def _records(data: bytes) -> Iterator[_Record]:
    """The records that lie side by side in a container."""
    for record, _ in _with_offsets(data, 0):
        yield record


def _all(record: _Record, kind: int, depth: int = 0) -> Iterator[_Record]:
    """The records of a kind anywhere within."""
    if depth > _DEEPEST:
        return
    for inner in _records(record.data):
        if inner.kind == kind:
            yield inner
        elif inner.is_container or inner.kind == _TAGGED:
            yield from _all(inner, kind, depth + 1)


def _listed(slides: _Record) -> Iterator[_Listed]:
    current: _Listed | None = None
    kind = 0
    for record in _records(slides.data):
        if record.kind == _LISTED and len(record.data) >= 16:
            if current is not None:
                yield current
            reference, _, _, slide_id = struct.unpack_from("<IIiI", record.data)
            current = _Listed(reference, slide_id, [])
        elif record.kind == _TEXT_KIND:
            kind = int.from_bytes(record.data[:4], "little")
            if current is not None:
                current.texts.append(_Text(kind, ""))
        elif record.kind in (_WIDE, _NARROW) and current is not None:
            if current.texts and not current.texts[-1].text:
                current.texts.pop()
            current.texts.append(_Text(kind, _decoded(record)))
    if current is not None:
        yield current


def _decoded(record: _Record) -> str:
    text = record.data.decode("utf-16-le" if record.kind in (_WIDE, _STRING) else "latin-1", "replace")
    return text.replace("\r", "\n").replace("\x0b", "\n").replace("\x00", "")


def _shapes(record: _Record) -> Iterator[tuple[_Record, bool]]:
    """The shapes of a slide in their order, and whether each only fills a place that the master made."""
    for shape in _all(record, _SHAPE):
        yield shape, next(_all(shape, _PLACEHOLDER), None) is not None


def _texts(shape: _Record, outline: list[_Text], used: set[int]) -> Iterator[_Text]:
    """The texts of a shape; of one that refers to the outline, the outline's."""
    kind = 4
    for box in _records(shape.data):
        for record in _records(box.data) if box.kind == 0xF00D else ():
            if record.kind == _TEXT_KIND:
                kind = int.from_bytes(record.data[:4], "little")
            elif record.kind in (_WIDE, _NARROW):
                yield _Text(kind, _decoded(record))
            elif record.kind == _REFERENCE:
                index = int.from_bytes(record.data[:4], "little")
                if index < len(outline) and index not in used:
                    used.add(index)
                    yield outline[index]


def _slide(record: _Record | None, entry: _Listed, number: int, reading: Reading) -> None:
    place = Place(slide=number)
    region = "body"
    used: set[int] = set()
    texts: list[_Text] = []
    if record is not None:
        info = next(_all(record, _SHOW_INFO), None)
        if info is not None and int.from_bytes(info.data[10:12], "little") & _HIDDEN:
            region = "hidden"
            reading.flag(Flag.HIDDEN_TEXT)
        texts = [text for shape, _ in _shapes(record) for text in _texts(shape, entry.texts, used)]
    texts += [text for index, text in enumerate(entry.texts) if index not in used]
    for text in sorted(texts, key=lambda text: text.kind not in _TITLES):
        _add(text.text, "heading" if text.kind in _TITLES else "paragraph", region, place, reading)
    for comment in _all(record, _COMMENT) if record is not None else ():
        strings = {inner.instance: _decoded(inner) for inner in _records(comment.data) if inner.kind == _STRING}
        reading.add("author", strings.get(0, ""), region="comment", place=place)
        reading.add("comment", strings.get(1, ""), region="comment", place=place)
    for edge, line in _headers(record) if record is not None else ():
        reading.add(edge, line, region=edge, place=place)


def _add(text: str, kind: str, region: str, place: Place, reading: Reading) -> None:
    if kind == "heading":
        reading.add(kind, " ".join(text.split()), level=1, region=region, place=place)
        return
    for line in text.split("\n"):
        if line.strip() not in _FIELDS:
            reading.add(kind, line, region=region, place=place)


def _slide_of_notes(record: _Record) -> int:
    atom = next((inner for inner in _records(record.data) if inner.kind == _NOTES_ATOM), None)
    return int.from_bytes(atom.data[:4], "little") if atom is not None else 0


def _notes(record: _Record, entry: _Listed, number: int, reading: Reading) -> None:
    used: set[int] = set()
    for shape, _ in _shapes(record):
        for text in _texts(shape, entry.texts, used):
            _add(text.text, "note", "notes", Place(slide=number), reading)


def _master(record: _Record | None, reading: Reading) -> None:
    """What is written on the master itself; the places that it makes for slides hold only instructions."""
    for shape, is_place in _shapes(record) if record is not None else ():
        for text in _texts(shape, [], set()) if not is_place else ():
            _add(text.text, "paragraph", "master", Place(), reading)


def _headers(record: _Record) -> Iterator[tuple[str, str]]:
    for headers in _records(record.data):
        if headers.kind == _HEADERS:
            for string in _records(headers.data):
                if string.kind == _STRING and string.instance in (1, 2):
                    yield "header" if string.instance == 1 else "footer", _decoded(string)


def _embedded(record: _Record, reading: Reading) -> None:
    data = record.data
    if record.instance == _COMPRESSED:
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(data[4:], max(len(data), 4096) * _MOST_TIMES)
        except zlib.error:
            data = b""
        if unpacker.unconsumed_tail:
            data = b""
    if not data:
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
        return
    reading.attach("embedded", data)


def _pictures(data: bytes, reading: Reading) -> None:
    for record in _records(data):
        start = min((at for sign in _PICTURE_STARTS if (at := record.data.find(sign, 0, 64)) >= 0), default=-1)
        if record.kind in _BLIPS and start >= 0:
            reading.save_image(lambda at=start, blip=record.data: blip[at:], _BLIPS[record.kind], Place())  # type: ignore[misc]
