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
from lakedocs.extract.letters import decoded
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Status

_BROKEN = (OSError, ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What olefile raises for damaged containers."""
_PROPERTIES = {
    "title": "title",
    "subject": "subject",
    "author": "creator",
    "keywords": "keywords",
    "comments": "description",
    "last_saved_by": "lastModifiedBy",
    "category": "category",
}
"""olefile's names of a document's properties, and those of every other format."""
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
    try:
        found = ole.get_metadata()
    except _BROKEN:
        return
    page = getattr(found, "codepage", None)
    encoding = {_UTF8_PAGE: "utf-8", _UTF16_PAGE: "utf-16-le"}.get(page or 0, f"cp{page}" if page else "")
    for name, part in _PROPERTIES.items():
        value = getattr(found, name, None)
        if value:
            yield part, (decoded(value, encoding).text if isinstance(value, bytes) else str(value)).partition("\x00")[0]


def _embedded(data: bytes, reading: Reading) -> None:
    """A file that another program put in whole; in OLE's own wrapping its name and path stand before it."""
    name = "embedded"
    if not data.startswith(_FILE_STARTS):
        name, data = _unwrapped(data)
    if data:
        reading.attach(name, data)
    else:
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)


def _unwrapped(data: bytes) -> tuple[str, bytes]:
    from oletools.oleobj import OleNativeStream  # a tenth of a second that hardly any document needs

    try:
        found = OleNativeStream(data)
        return str(found.filename or "embedded"), bytes(found.data or b"") if not found.is_link else b""
    except (*_BROKEN, struct.error):
        return "embedded", b""
