"""What the binary formats of Office 97-2003 share: an OLE container with its properties, embedded files and macros."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import olefile
from extract_msg import OleWriter
from extract_msg.exceptions import ExMsgBaseException

from lakedocs.errors import DocumentError
from lakedocs.extract.embedded import native
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import decoded
from lakedocs.records import Flag, Place, Status

_BROKEN = (OSError, ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What olefile raises for damaged containers."""
_PROPERTIES = {
    "\x05SummaryInformation": {2: "title", 3: "subject", 4: "creator", 5: "keywords", 6: "description", 8: "lastModifiedBy"},
    "\x05DocumentSummaryInformation": {2: "category"},
}
"""The numbers of a document's properties by the stream that holds them, and what every other format calls them."""
_CODE_PAGE, _STRING, _WIDE_STRING, _MOST_PROPERTIES = 1, 0x1E, 0x1F, 100
_UTF8_PAGE, _UTF16_PAGE = 65001, 1200
_DOCUMENTS = frozenset({"worddocument", "workbook", "book", "powerpoint document"})
_FILE_STARTS = (b"PK\x03\x04", b"%PDF", olefile.MAGIC)


@contextmanager
def opened(path: str) -> Iterator[olefile.OleFileIO]:
    """The container.

    Raises:
        DocumentError: corrupt.
    """
    try:
        ole = olefile.OleFileIO(path)
    except _BROKEN as error:
        raise DocumentError(Status.CORRUPT, "The OLE container can't be read.") from error
    with ole:
        yield ole


def stream(ole: olefile.OleFileIO, name: str) -> bytes:
    """A stream's bytes, as many as can be read; none where it is missing."""
    try:
        return bytes(ole.openstream(name).read()) if ole.exists(name) else b""
    except _BROKEN:
        return b""


def add_beside(ole: olefile.OleFileIO, reading: Reading) -> None:
    """The document's properties, what is embedded in it as files, and the flag of macros."""
    for name, value in _properties(ole):
        reading.add("property", value, region="metadata", place=Place(part=name))
    for entry in ole.listdir():
        if entry[-1].upper() in ("VBA", "_VBA_PROJECT", "PROJECT"):
            reading.flag(Flag.MACROS)
        if len(entry) > 1 and entry[-1] in ("Package", "CONTENTS", "Contents", "\x01Ole10Native"):
            _embedded(stream(ole, "/".join(entry)), reading)
        elif len(entry) > 1 and entry[-1].lower() in _DOCUMENTS:
            _attach_storage(ole, entry[:-1], reading)


def _attach_storage(ole: olefile.OleFileIO, storage: list[str], reading: Reading) -> None:
    """A document of Office's own that stands within this one, as the file that it would be."""
    written = io.BytesIO()
    try:
        writer = OleWriter()
        for entry in sorted(ole.listdir(streams=True, storages=True), key=len):
            if entry[: len(storage)] == storage and len(entry) > len(storage):
                is_stream = ole.get_type(entry) == olefile.STGTY_STREAM
                writer.addEntry(entry[len(storage) :], ole.openstream(entry).read() if is_stream else None, storage=not is_stream)
        writer.write(written)
    except (*_BROKEN, ExMsgBaseException):
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
        return
    reading.attach("embedded", written.getvalue())


def _properties(ole: olefile.OleFileIO) -> Iterator[tuple[str, str]]:
    """The names and texts of a document's properties (MS-OLEPS); olefile's own reader goes on for minutes where a damaged count says so."""
    for name, wanted in _PROPERTIES.items():
        data = stream(ole, name)
        try:
            yield from _texts_of_set(data, wanted)
        except struct.error:
            continue  # damaged: what a document says of itself is not what it says


def _texts_of_set(data: bytes, wanted: dict[int, str]) -> Iterator[tuple[str, str]]:
    if not data:
        return
    (start,) = struct.unpack_from("<I", data, 44)
    _, number = struct.unpack_from("<II", data, start)
    places = dict(struct.unpack_from("<II", data, start + 8 + 8 * index) for index in range(min(number, _MOST_PROPERTIES)))
    encoding = ""
    if _CODE_PAGE in places:
        (page,) = struct.unpack_from("<H", data, start + places[_CODE_PAGE] + 4)
        encoding = {_UTF8_PAGE: "utf-8", _UTF16_PAGE: "utf-16-le"}.get(page, f"cp{page}")
    for number, part in wanted.items():
        if number not in places:
            continue
        kind, length = struct.unpack_from("<II", data, start + places[number])
        first = start + places[number] + 8
        if kind == _WIDE_STRING:
            yield part, data[first : first + 2 * length].decode("utf-16-le", "replace").partition("\x00")[0]
        elif kind == _STRING:
            text = data[first : first + length]
            yield part, decoded(text if encoding.startswith("utf-16") else text.rstrip(b"\x00"), encoding).text.partition("\x00")[0]


def _embedded(data: bytes, reading: Reading) -> None:
    """A file that another program put in whole; in OLE's own wrapping its name stands before it."""
    name, inner = ("embedded", data) if data.startswith(_FILE_STARTS) else native(data)
    if inner:
        reading.attach(name or "embedded", inner)
    else:
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
