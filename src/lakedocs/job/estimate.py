"""Measures what a folder holds, without a lake: a sample of its files is read and cut as 01–06 would, and raised to all by size."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from tempfile import TemporaryDirectory

from lakedocs.embed.reading import as_read
from lakedocs.errors import SourceError
from lakedocs.extract.extensions import kind_of
from lakedocs.extract.isolation import IsolatedReader
from lakedocs.lakehouse.cutting import cutter_of
from lakedocs.lakehouse.ingest import parser_limits
from lakedocs.lakehouse.listing import listed_as, path_of, walk
from lakedocs.passages.cut import Cutter
from lakedocs.records import Document, Kind, Shows, Status
from lakedocs.services.cl100k import count_cl100k
from lakedocs.settings import Settings
from lakedocs.spending.estimate import Chat, Measured, summary_of
from lakedocs.vision.open import is_for_layout

_SEED = 1


@dataclass
class _Found:
    """The files of a kind: how many, how large, and a sample of them by chance (Vitter's algorithm R)."""

    files: int = 0
    size: int = 0
    sample: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class _Counts:
    documents: float = 0
    unreadable: float = 0
    passages: float = 0
    tokens: float = 0
    distinct_passages: float = 0
    distinct_tokens: float = 0
    images: float = 0
    pages: float = 0
    summaries: Chat = field(default_factory=Chat)

    def add(self, other: _Counts, by_size: float, by_files: float) -> None:
        """Add what a sample holds, raised to all: text by size, documents by the number of files."""
        for count in fields(self):
            if count.name != "summaries":
                factor = by_files if count.name in ("documents", "unreadable") else by_size
                setattr(self, count.name, getattr(self, count.name) + factor * getattr(other, count.name))
        self.summaries += other.summaries.raised(by_size)


def measure(settings: Settings, most: int, watched: Callable[[list[tuple[str, int]]], Iterable[tuple[str, int]]] = iter) -> Measured:
    """What there is to do in `settings.source.path`.

    Args:
        most: files of each kind that are read.
        watched: passes through the files to read, and may show how far that is.

    Raises:
        SourceError: when the folder can't be listed.
        ModelError: when the tokenizer of a chosen model is not there.
    """
    source = Path(settings.source.path)
    found, unlisted = _listed(source, most)
    cutter = cutter_of(settings)
    by_kind: dict[Kind, _Counts] = defaultdict(_Counts)
    texts: set[bytes] = set()
    pictures: set[str] = set()
    for_layout = {shows for shows in Shows if is_for_layout(settings.vision, shows)}
    reader = IsolatedReader(parser_limits(settings))
    try:
        with TemporaryDirectory(prefix="lakedocs-estimate-") as images:
            for path, _ in watched([file for of_kind in found.values() for file in of_kind.sample]):
                name = path.rpartition("/")[2]
                for document in _family(reader.read(str(path_of(str(source), listed_as(path))), name, Path(images))):
                    _count(document, cutter, by_kind[kind_of(name)], texts, pictures, for_layout)
    finally:
        reader.close()
    total = _Counts()
    for kind, of_kind in found.items():
        if of_kind.files > len(of_kind.sample):
            total.add(by_kind[kind], of_kind.size / max(sum(size for _, size in of_kind.sample), 1), of_kind.files / len(of_kind.sample))
        else:
            total.add(by_kind[kind], 1, 1)
    whole = {count.name: round(getattr(total, count.name)) for count in fields(total) if count.name != "summaries"}
    files, files_read = sum(f.files for f in found.values()), sum(len(f.sample) for f in found.values())
    return Measured(files, files_read, unlisted, summaries=total.summaries, **whole)


def _listed(source: Path, most: int) -> tuple[dict[Kind, _Found], int]:
    """Every file is counted, none but the sample is remembered; and how many files and folders can't be listed."""
    unlisted = 0
    chance = random.Random(_SEED)  # noqa: S311  # nothing secret
    found: dict[Kind, _Found] = defaultdict(_Found)
    try:
        for file in walk(source, "", recursive=True):
            if file is None:
                unlisted += 1
                continue
            path, status = file
            of_kind = found[kind_of(path.rpartition("/")[2])]
            of_kind.files += 1
            of_kind.size += status.st_size
            if len(of_kind.sample) < most:
                of_kind.sample.append((path, status.st_size))
            elif (place := chance.randrange(of_kind.files)) < most:
                of_kind.sample[place] = (path, status.st_size)
    except OSError as error:
        raise SourceError(f"The source can't be listed ({error.strerror}). Check the path and its rights.") from error
    return found, unlisted


def _family(document: Document) -> Iterator[Document]:
    yield document
    for child in document.children:
        yield from _family(child)


def _count(document: Document, cutter: Cutter, counts: _Counts, texts: set[bytes], pictures: set[str], for_layout: set[Shows]) -> None:
    counts.documents += 1
    counts.unreadable += not document.elements
    own = 0
    for passage in cutter.cut("", document.elements):
        tokens = count_cl100k(as_read(passage.text) or " ")
        own += tokens
        counts.passages += 1
        digest = bytes.fromhex(passage.text_hash)
        if digest not in texts:
            texts.add(digest)
            counts.distinct_passages += 1
            counts.distinct_tokens += tokens
    counts.tokens += own
    counts.summaries += summary_of(own)
    new = {image.sha256: image.shows for image in document.images if image.sha256 not in pictures}
    pictures.update(new)
    pages = sum(shows in for_layout for shows in new.values())
    counts.images += len(new) - pages
    if for_layout:
        counts.pages += pages
    elif document.status is Status.NEEDS_OCR:  # no page was drawn: a scan has about an image a page
        counts.pages += max(len(document.images), 1)
