"""The directory of an OLE container, as far as it takes to tell what it is ([MS-CFB] 2.6).

Every OLE file passes here before its parser opens it; nothing is judged here that the parser will judge.
"""

from __future__ import annotations

from dataclasses import dataclass

from lakedocs.extract.binary.sectors import STORAGE, STREAM, Sectors


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
        sectors = Sectors(file)
        return _directory(sectors)


def _directory(sectors: Sectors) -> Directory:
    entries = sectors.entries
    streams: set[str] = set()
    storages: set[str] = set()
    claimed = 0
    seen = bytearray(len(entries))
    left_to_see = [(entries[0].child, True)]
    while left_to_see:
        place, is_top = left_to_see.pop()
        if place >= len(entries) or seen[place]:
            continue
        seen[place] = 1
        entry = entries[place]
        left_to_see += ((entry.left, is_top), (entry.right, is_top), (entry.child, False))
        if entry.kind == STREAM:
            claimed += sectors.size_of(entry)
        if is_top and entry.kind in (STREAM, STORAGE):
            (streams if entry.kind == STREAM else storages).add(entry.name.lower())
    return Directory(frozenset(streams), frozenset(storages), claimed)
