"""The streams of an OLE container by their paths, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lakedocs.extract.binary.sectors import STORAGE, STREAM, Sectors

_DEEPEST = 32
"""Storages within each other; a mail that is forwarded ten times has thirty."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stream or a storage: its names from the top down, as they are written, and where a stream's bytes are."""

    names: tuple[str, ...]
    is_stream: bool
    start: int
    size: int


class Compound:
    """An open container. Paths are names in lower case with slashes between them.

    Raises:
        ValueError: it has no header or no directory that can be read.
    """

    def __init__(self, sectors: Sectors) -> None:
        self._sectors = sectors
        self.parts = dict(sorted(_parts(sectors)))

    def read(self, path: str) -> bytes | None:
        """A stream's bytes, as many as can be read; None where there is no such stream."""
        part = self.parts.get(path)
        if part is None or not part.is_stream:
            return None
        small = self._sectors.small
        return (small if part.size < small.cutoff else self._sectors).stream(part.start, part.size)

    def storages(self, start: str) -> list[str]:
        """The paths of storages at the top whose names begin so, in their order."""
        return [path for path, part in self.parts.items() if not part.is_stream and len(part.names) == 1 and path.startswith(start)]

    def within(self, storage: str) -> Iterator[tuple[str, Part]]:
        """The paths and parts of all that a storage holds, what holds others before them."""
        start = f"{storage}/"
        yield from sorted(((path, part) for path, part in self.parts.items() if path.startswith(start)), key=lambda found: len(found[1].names))


@contextmanager
def compound_at(path: str) -> Iterator[Compound]:
    """The container at `path`.

    Raises:
        ValueError: it has no header or no directory that can be read.
    """
    with open(path, "rb") as file:
        yield Compound(Sectors(file))


def _parts(sectors: Sectors) -> Iterator[tuple[str, Part]]:
    entries = sectors.entries
    number = len(entries)
    seen = bytearray(number)
    left_to_see: list[tuple[int, tuple[str, ...], str]] = [(entries[0].child, (), "")]
    while left_to_see:
        place, above, path = left_to_see.pop()
        if place >= number or seen[place] or len(above) > _DEEPEST:
            continue
        seen[place] = 1
        entry = entries[place]
        name = entry.name
        names, found = (*above, name), path + name.lower()
        left_to_see.append((entry.left, above, path))
        left_to_see.append((entry.right, above, path))
        if entry.kind == STORAGE:
            left_to_see.append((entry.child, names, f"{found}/"))
            yield found, Part(names, False, 0, 0)
        elif entry.kind == STREAM:
            yield found, Part(names, True, entry.start, sectors.size_of(entry))
