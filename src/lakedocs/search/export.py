"""Entries as JSON lines for the indexer of a search service: files below a folder of its own for each index, by document."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from lakedocs.records import IndexEntry

EXTENSION = ".jsonl"
_MOST_BYTES = 8 * 2**20
"""Of a file: the smallest service tier takes 16 MB, and so much is held in memory."""


class EntryFiles:
    """The exported entries of one index.

    Args:
        folder: a volume over the container that the indexer reads, or a folder in it.
        name: the index.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name

    def write(self, doc_id: str, entries: Iterable[IndexEntry]) -> None:
        """Put a document's entries in place of what was exported of it."""
        old = set(self._files(doc_id))
        for number, lines in enumerate(_parts(entries)):
            path = self._path(doc_id, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            # not renamed into place: a renamed file keeps its time, and an indexer that has just passed that time would never see it
            path.write_bytes(lines)
            old.discard(path)
        for path in old:
            path.unlink(missing_ok=True)

    def remove(self, doc_id: str) -> None:
        """Remove what was exported of a document."""
        for path in self._files(doc_id):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all that was exported for the index."""
        if self._folder.is_dir():
            shutil.rmtree(self._folder)

    def _files(self, doc_id: str) -> list[Path]:
        return list((self._folder / doc_id[:2]).glob(f"{doc_id}.*{EXTENSION}"))

    def _path(self, doc_id: str, number: int) -> Path:
        return self._folder / doc_id[:2] / f"{doc_id}.{number}{EXTENSION}"


def _parts(entries: Iterable[IndexEntry]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for entry in entries:
        line = json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if gathered and size + len(line) > _MOST_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
        gathered.append(line)
        size += len(line)
    if gathered:
        yield b"".join(gathered)
