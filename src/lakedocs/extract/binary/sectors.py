"""The sectors of an OLE container and their chains ([MS-CFB] 2.1-2.5), of which only what is asked for is read."""

from __future__ import annotations

import os
import struct
from codecs import utf_16_le_decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import BinaryIO, NamedTuple

_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_MOST_BYTES = 32 * 2**20
"""Of a directory or an allocation table of small sectors."""
_SECTOR_SHIFTS = range(7, 17)
_TABLES_IN_HEADER = 109
_LAST_SECTOR = 0xFFFFFFFA
STORAGE, STREAM, _ROOT = 1, 2, 5
_ENTRY = struct.Struct("<64sHBxIII36xIII")
"""Name, its bytes, type, left, right, child, first sector, size in two halves."""


class Entry(NamedTuple):
    """An entry of a directory as it is written; its neighbours and its child by their number."""

    raw: bytes
    used: int
    kind: int
    left: int
    right: int
    child: int
    start: int
    low: int
    high: int

    @property
    def name(self) -> str:
        return utf_16_le_decode(self.raw[: max(self.used - 2, 0)], "replace")[0]


class Sectors:
    """An open container.

    Raises:
        ValueError: it has no header that can be read.
    """

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

    @cached_property
    def _directory(self) -> bytes:
        (sector,) = struct.unpack_from("<I", self._header, 48)
        return self._whole(sector)

    @cached_property
    def entries(self) -> list[Entry]:
        """The directory's entries, as they lie there.

        Raises:
            ValueError: there is none, or more than any document has.
        """
        directory = self._directory
        if len(directory) < _ENTRY_BYTES:
            raise ValueError("The container has no directory.")
        written = _ENTRY.iter_unpack(directory[: len(directory) // _ENTRY_BYTES * _ENTRY_BYTES])
        return list(map(Entry._make, written))

    def size_of(self, entry: Entry) -> int:
        """How many bytes an entry says that its stream has; old writers leave anything in the upper half."""
        return entry.low if self.size == _HEADER_BYTES else entry.low + (entry.high << 32)

    def stream(self, start: int, size: int) -> bytes:
        """The first `size` bytes of a chain, fewer where it ends early or comes round."""
        numbers = islice(self._chain(start), -(-size // self.size))
        return b"".join(self._read(numbers))[:size]

    @cached_property
    def small(self) -> SmallSectors:
        """The sectors of small streams, which stand in the stream of the directory's first entry."""
        root = self.entries[0]
        (first,) = struct.unpack_from("<I", self._header, 60)
        (shift,) = struct.unpack_from("<H", self._header, 32)
        (cutoff,) = struct.unpack_from("<I", self._header, 56)
        table = self._whole(first)
        numbers = struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])
        held = self.stream(root.start, self.size_of(root)) if root.kind == _ROOT else b""
        return SmallSectors(held, numbers, 1 << min(shift, 16), cutoff)

    def _whole(self, start: int) -> bytes:
        numbers = list(islice(self._chain(start), _MOST_BYTES // self.size + 1))
        if len(numbers) * self.size > _MOST_BYTES:
            raise ValueError("The container's directory is longer than any.")
        return b"".join(self._read(numbers))

    def _chain(self, sector: int) -> Iterator[int]:
        seen: set[int] = set()
        while sector < self._most and sector not in seen:
            seen.add(sector)
            yield sector
            sector = self._after(sector)

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
        data = b"".join(self._read([sector])) if sector < self._most else b""
        return self._numbers_of_sector.unpack(data) if len(data) == self.size else ()

    def _read(self, numbers: Iterator[int] | list[int]) -> Iterator[bytes]:
        """The bytes of these sectors, neighbours in one piece."""
        first = end = -1
        for number in numbers:
            if number != end:
                yield self._piece(first, end)
                first = number
            end = number + 1
        yield self._piece(first, end)

    def _piece(self, first: int, end: int) -> bytes:
        if first == end:
            return b""
        self._file.seek((first + 1) * self.size)
        return self._file.read((end - first) * self.size)


@dataclass(frozen=True, slots=True)
class SmallSectors:
    """Streams of fewer than `cutoff` bytes, cut into sectors of `size` bytes within another stream."""

    held: bytes = field(repr=False)
    numbers: tuple[int, ...] = field(repr=False)
    size: int
    cutoff: int

    def stream(self, start: int, size: int) -> bytes:
        """The first `size` bytes of a chain, fewer where it ends early or comes round."""
        pieces: dict[int, bytes] = {}
        sector = start
        while len(pieces) * self.size < size and sector < len(self.numbers) and sector not in pieces:
            pieces[sector] = self.held[sector * self.size : (sector + 1) * self.size]
            sector = self.numbers[sector]
        return b"".join(pieces.values())[:size]
