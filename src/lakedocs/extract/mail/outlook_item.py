"""The properties of an Outlook item, its recipients and attachments, from the streams that hold them ([MS-OXMSG] 2)."""

from __future__ import annotations

import datetime as dt
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from extract_msg import OleWriter
from extract_msg.encoding import lookupCodePage
from extract_msg.exceptions import ExMsgBaseException

from lakedocs.extract.binary.compound import Compound
from lakedocs.extract.text.letters import decoded

_PROPERTIES = "__properties_version1.0"
_HEADER_OF_ITEM, _HEADER_OF_EMBEDDED, _HEADER_OF_PART = 32, 24, 8
_PROPERTY = struct.Struct("<I4x8s")
_EIGHT_BIT, _SIXTEEN_BIT, _BINARY, _STORED, _LIST = "001e", "001f", "0102", "000d", "101f"
_SUPPORT_MASK, _MESSAGE_CODE_PAGE, _INTERNET_CODE_PAGE = 0x340D0003, 0x3FFD0003, 0x3FDE0003
_UNICODE = 0x40000
_NO_CODE_PAGE = frozenset({20127, 65000, 65001, 1200})
"""What senders write as the code page of the mail on its way, and that no text within the file is in."""
_ANSI = {50220: 932, 50221: 932, 50222: 932, 51932: 932, 20932: 932, 50225: 949, 51949: 949, 50227: 936, 51936: 936, 52936: 936, 54936: 936,
         20866: 1251, 21866: 1251, 28591: 1252, 28605: 1252, 28592: 1250, 28594: 1257, 28595: 1251, 28597: 1253, 28598: 1255, 38598: 1255,
         28599: 1254}  # fmt: skip
"""The code page of Windows that a program which sends in this one keeps its texts in."""
_DEFAULT_ENCODING = "iso-8859-15"
_RECIPIENT_KIND, _ATTACH_METHOD, _EMBEDDED_MESSAGE = 0x0C150003, 0x37050003, 5
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_NO_TIME = 910_000_000_000_000_000
"""Outlook's dates in the year 4500 say that there is none."""
_NAMES_OF_PROPERTIES = "__nameid_version1.0"
_PUBLIC_STRINGS = 2
_FIRST_NAMED = 0x8000
_BROKEN = (OSError, ValueError, LookupError, AttributeError, TypeError, OverflowError, struct.error, ExMsgBaseException)
"""What extract-msg's writer raises for a storage that no file can be made of."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody whom the item was sent to: 1 To, 2 Cc, 3 Bcc."""

    kind: int
    shown: str = field(repr=False)


class Item:
    """The item that a container holds. Tags are four hexadecimal digits of [MS-OXPROPS]; a storage is that of an attachment, or the item's own.

    Raises:
        ValueError: the container has no text of an item that can be read.
    """

    def __init__(self, compound: Compound) -> None:
        self._compound = compound
        self._properties = _properties(compound.read(_PROPERTIES) or b"", _HEADER_OF_ITEM)
        if not any(path.startswith("__substg1.0_") for path in compound.parts):
            raise ValueError("The item has none of the texts that each has, such as its class.")

    def text(self, tag: str, storage: str = "") -> str:
        """A text in the width that it has, without what ends it; empty where there is none."""
        if wide := self._stream(storage, tag + _SIXTEEN_BIT):
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        narrow = (self._stream(storage, tag + _EIGHT_BIT) or b"").rstrip(b"\x00")
        return decoded(narrow, "" if self._is_unicode else self._encoding).text if narrow else ""

    def data(self, tag: str, storage: str = "") -> bytes | None:
        """Bytes, or None where there are none of this tag."""
        return self._stream(storage, tag + _BINARY)

    def number(self, property_tag: int) -> int | None:
        """A number, by its tag and type."""
        value = self._properties.get(property_tag)
        return None if value is None else int(struct.unpack_from("<i", value)[0])

    def time(self, property_tag: int) -> dt.datetime | None:
        """A time, by its tag and type; None also where it is written that there is none."""
        value = self._properties.get(property_tag)
        ticks = struct.unpack("<Q", value)[0] if value is not None else 0
        return _EPOCH + dt.timedelta(microseconds=ticks // 10) if 0 < ticks < _NO_TIME else None

    @property
    def internet_encoding(self) -> str:
        """How the HTML body is encoded, if it does not say so itself; empty where nothing says it."""
        page = self.number(_INTERNET_CODE_PAGE)
        return _encoding_of_page(page & 0xFFFF) if page is not None else ""

    @property
    def text_encoding(self) -> str:
        """What 8-bit texts are in where extract-msg would not find it; empty where it does, and where none is in 8 bits."""
        return "" if self._is_unicode else self._found_encoding

    def recipients(self) -> Iterator[Recipient]:
        """All of them, in the order of the file."""
        for storage in self._compound.storages("__recip"):
            kind = _properties(self._compound.read(f"{storage}/{_PROPERTIES}") or b"", _HEADER_OF_PART).get(_RECIPIENT_KIND, b"\0")[0] & 0xF
            address = self.text("39fe", storage) or self.text("3003", storage)
            name = self.text("3001", storage)
            yield Recipient(kind, f"{name} <{address}>" if name and address else name or address)

    def attachments(self) -> list[str]:
        """The storages of its attachments, in their order."""
        return self._compound.storages("__attach")

    def embedded_item(self, storage: str) -> bytes | None:
        """The Outlook item that is attached here, as the file that it would be; empty where none can be made of it, None where there is none."""
        inner = f"{storage}/__substg1.0_3701{_STORED}"
        if inner not in self._compound.parts:
            return None
        method = _properties(self._compound.read(f"{storage}/{_PROPERTIES}") or b"", _HEADER_OF_PART).get(_ATTACH_METHOD)
        is_item = f"{inner}/{_PROPERTIES}" in self._compound.parts if method is None else method[0] & 7 == _EMBEDDED_MESSAGE
        return self._as_file(inner) if is_item else None

    def keywords(self) -> list[str]:
        """The categories that people gave it: a property that has a name, and a number of this file's own ([MS-OXMSG] 2.2.3)."""
        entries = self._stream(_NAMES_OF_PROPERTIES, f"0003{_BINARY}") or b""
        names = self._stream(_NAMES_OF_PROPERTIES, f"0004{_BINARY}") or b""
        for place in range(0, len(entries) - 7, 8):
            offset, kind, index = struct.unpack_from("<IHH", entries, place)
            if kind & 1 and kind >> 1 == _PUBLIC_STRINGS and _name_at(names, offset).lower() == "keywords":
                return self._texts(f"{_FIRST_NAMED + index:04x}{_LIST}")
        return []

    def _texts(self, tag: str) -> list[str]:
        number = len(self._stream("", tag) or b"") // 4
        found = (self._stream("", f"{tag}-{index:08x}") or b"" for index in range(number))
        return [text for data in found if (text := data.decode("utf-16-le", "replace").rstrip("\x00"))]

    def _as_file(self, storage: str) -> bytes:
        writer, written = OleWriter(), io.BytesIO()
        depth = storage.count("/") + 1
        try:
            for path, part in self._compound.within(storage):
                data = self._compound.read(path)
                if data is not None and path == f"{storage}/{_PROPERTIES}" and len(data) % _PROPERTY.size:
                    data = data[:_HEADER_OF_EMBEDDED] + bytes(_HEADER_OF_ITEM - _HEADER_OF_EMBEDDED) + data[_HEADER_OF_EMBEDDED:]
                writer.addEntry(list(part.names[depth:]), data, storage=not part.is_stream)
            if _NAMES_OF_PROPERTIES in self._compound.parts:
                writer.addEntry([_NAMES_OF_PROPERTIES], None, storage=True)
            for path, part in self._compound.within(_NAMES_OF_PROPERTIES):
                writer.addEntry(list(part.names), self._compound.read(path), storage=not part.is_stream)
            writer.write(written)
        except _BROKEN:
            return b""
        return written.getvalue()

    def _stream(self, storage: str, tag: str) -> bytes | None:
        return self._compound.read(f"{storage}/__substg1.0_{tag}" if storage else f"__substg1.0_{tag}")

    @cached_property
    def _is_unicode(self) -> bool:
        mask = self.number(_SUPPORT_MASK)
        return bool(mask & _UNICODE) if mask is not None else any(path.endswith(_SIXTEEN_BIT) for path in self._compound.parts)

    @cached_property
    def _encoding(self) -> str:
        page = self.number(_MESSAGE_CODE_PAGE)
        return self._found_encoding or (_encoding_of_page(page) if page is not None else "") or _DEFAULT_ENCODING

    @cached_property
    def _found_encoding(self) -> str:
        texts = [data for path in self._compound.parts if path.endswith(_EIGHT_BIT) and (data := (self._compound.read(path) or b"").rstrip(b"\x00"))]
        joined = b"\n".join(texts)
        if joined.isascii():
            return ""
        for page in (self.number(_MESSAGE_CODE_PAGE), self.number(_INTERNET_CODE_PAGE)):
            name = _encoding_of_page(_ANSI.get(page, page)) if page is not None and page not in _NO_CODE_PAGE else ""
            name = {"shift_jis": "cp932"}.get(name, name)
            try:
                joined.decode(name or "ascii")
            except (UnicodeDecodeError, LookupError):
                continue
            return name
        return decoded(joined).encoding


def _properties(data: bytes, header: int) -> dict[int, bytes]:
    """The eight bytes that stand for each property in a stream of them, by tag and type."""
    whole = (len(data) - header) // _PROPERTY.size
    return dict(_PROPERTY.iter_unpack(data[header : header + whole * _PROPERTY.size])) if whole > 0 else {}


def _encoding_of_page(page: int) -> str:
    try:
        return str(lookupCodePage(page))
    except ExMsgBaseException:
        return ""


def _name_at(names: bytes, offset: int) -> str:
    if offset + 4 > len(names):
        return ""
    (length,) = struct.unpack_from("<I", names, offset)
    return names[offset + 4 : offset + 4 + length].decode("utf-16-le", "replace")
