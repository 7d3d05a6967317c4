"""The directory of an OLE container, as far as it takes to tell what it is ([MS-CFB] 2.2-2.6).

Every OLE file passes here before its parser opens it, so it makes no objects of entries, and judges nothing that the parser will.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_MOST_BYTES = 32 * 2**20
_SECTOR_SHIFTS = range(7, 17)
_TABLES_IN_HEADER = 109
_LAST_SECTOR = 0xFFFFFFFA
_NO_ENTRY = 0xFFFFFFFF
_STORAGE, _STREAM = 1, 2
_ENTRY = struct.Struct("<64sHBxIII36x4xII")
"""Name, its bytes, type, left, right, child, size in two halves."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What stands at the top of a container, in lower case, and what all of its streams say that they hold."""

    streams: frozenset[str]
    storages: frozenset[str]
    claimed_bytes: int


def directory_of(path: str) -> Directory:
    """The directory of the container at `path`; what can't be reached in it is left out.

    Raises:
        ValueError: there is none, or none of a document.
    """
    with open(path, "rb") as file:
        sectors = _Sectors(file)
        data = sectors.chain(sectors.first_of_directory)
    if len(data) < _ENTRY_BYTES:
        raise ValueError("The container has no directory.")
    return _walked(data, has_long_sizes=sectors.size > _HEADER_BYTES)


def _walked(data: bytes, *, has_long_sizes: bool) -> Directory:
    number = len(data) // _ENTRY_BYTES
    streams: set[str] = set()
    storages: set[str] = set()
    claimed = 0
    seen = bytearray(number)
    left_to_see = [(_ENTRY.unpack_from(data)[5], True)]
    while left_to_see:
        entry, is_top = left_to_see.pop()
        if entry >= number or seen[entry]:
            continue
        seen[entry] = 1
        raw, name_bytes, kind, left, right, child, low, high = _ENTRY.unpack_from(data, entry * _ENTRY_BYTES)
        left_to_see += ((left, is_top), (right, is_top), (child, False))
        if kind == _STREAM:
            claimed += low + (high << 32) if has_long_sizes else low
        if is_top and kind in (_STREAM, _STORAGE):
            name = raw[: max(name_bytes - 2, 0)].decode("utf-16-le", "replace").lower()
            (streams if kind == _STREAM else storages).add(name)
    return Directory(frozenset(streams), frozenset(storages), claimed)


class _Sectors:
    """The chains of sectors of a container, of whose allocation table only what they need is read."""

    def __init__(self, file: BinaryIO) -> None:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            raise ValueError("The container has no header.")
        (shift,) = struct.unpack_from("<H", header, 30)
        if shift not in _SECTOR_SHIFTS:
            raise ValueError("The container's sectors have no size.")
        self._file = file
        self._header = header
        self._tables: dict[int, tuple[int, ...]] = {}
        self.size = 1 << shift
        self._numbers_of_sector = struct.Struct(f"<{self.size // 4}I")
        self._most = os.fstat(file.fileno()).st_size // self.size + 1
        (self.first_of_directory,) = struct.unpack_from("<I", header, 48)

    def chain(self, sector: int) -> bytes:
        """The bytes of a chain, up to where it breaks or comes round.

        Raises:
            ValueError: it is longer than a directory.
        """
        pieces: dict[int, bytes] = {}
        while sector < self._most and sector not in pieces:
            pieces[sector] = self._bytes_of(sector)
            if len(pieces) * self.size > _MOST_BYTES:
                raise ValueError("The container's directory is longer than any.")
            sector = self._after(sector)
        return b"".join(pieces.values())

    def _after(self, sector: int) -> int:
        table, place = divmod(sector, self.size // 4)
        if table not in self._tables:
            self._tables[table] = self._numbers_of(self._tables_of_file[table]) if table < len(self._tables_of_file) else ()
        numbers = self._tables[table]
        return numbers[place] if place < len(numbers) else _LAST_SECTOR

    @cached_property
    def _tables_of_file(self) -> list[int]:
        """Where the pieces of the allocation table stand: the first in the header, more in a chain of sectors, whose last number is the next."""
        numbers = list(struct.unpack_from(f"<{_TABLES_IN_HEADER}I", self._header, 76))
        (sector,) = struct.unpack_from("<I", self._header, 68)
        while sector < self._most and len(numbers) <= self._most:
            *more, sector = self._numbers_of(sector) or (_LAST_SECTOR,)
            numbers += more
        return numbers

    def _numbers_of(self, sector: int) -> tuple[int, ...]:
        data = self._bytes_of(sector)
        return self._numbers_of_sector.unpack(data) if len(data) == self.size else ()

    def _bytes_of(self, sector: int) -> bytes:
        if sector >= self._most:
            return b""
        self._file.seek((sector + 1) * self.size)
        return self._file.read(self.size)
