"""Drawings that are made of one another: how many a page would become is counted from their names, before pdfium draws each of them."""

from __future__ import annotations

import mmap
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

from lakedocs.errors import DocumentError
from lakedocs.records import Status

_MOST_DRAWN, _BYTES_A_DRAWING = 25_000, 4
"""So many drawings are never too many; and each that an honest page places somewhere takes it so many bytes."""
_DEEPEST = 40
"""pdfium goes down no further."""
_MOST_BYTES = 16 * 2**20
_NAME = rb"/([^\s/<>\[\](){}%]+)"
_DRAWS = re.compile(_NAME + rb"\s+Do\b")
_ENTRY = re.compile(_NAME + rb"\s*(\d{1,10})\s+\d+\s+R\b")
_ELSEWHERE = re.compile(rb"/(?:Resources|XObject)\s*(\d{1,10})\s+\d+\s+R\b")
_DICTIONARIES_AWAY = 3
"""A form names its resources, which name its drawings, which are named there."""
_MAY_DRAW = re.compile(rb"/XObject\s*(?:<<|\d)|/Resources\s*\d")
_OBJECT = re.compile(rb"\bobj\b")
_NUMBER = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+$")
_NUMBER_BYTES = 24
_HOLDS_OBJECTS = re.compile(rb"/Type\s*/ObjStm\b")
_FIRST = re.compile(rb"/First\s+(\d{1,10})")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it lies in a file.

    Attributes:
        dictionary: what stands before it, its object's number included.
        start, end: of its bytes in the file.
        layers: how often they are packed by Flate.
    """

    dictionary: bytes = field(repr=False)
    start: int
    end: int
    layers: int


def check_forms(data: mmap.mmap | bytes, forms: Mapping[int, Stream], others: Sequence[Stream]) -> None:
    """Count what the contents of all pages draw.

    Args:
        data: the file.
        forms: its drawings (form XObjects) by the number of their object.
        others: streams that may be the content of a page, or hold other objects.

    Raises:
        DocumentError: `too_large` where drawings repeat one another far beyond what so many bytes can place on pages.
    """
    left = _MOST_DRAWN + len(data) // _BYTES_A_DRAWING
    inside = {number: _drawn(unpacked(data, form), left) for number, form in forms.items() if _may_draw(form)}
    if not any(inside.values()):
        return
    objects = _Objects(data, others)
    sizes = _sizes(inside, forms, objects, left + 1)
    largest = max(sizes.values())
    if largest == 1:
        return
    drawn: Counter[bytes] = Counter()
    for stream in others:
        if not _HOLDS_OBJECTS.search(stream.dictionary):
            drawn.update(_drawn(unpacked(data, stream), left))
    if drawn.total() * largest <= left:
        return
    for name, times in drawn.items():
        left -= times * max((sizes[number] for number in objects.by_name.get(name, ()) if number in sizes), default=0)
    if left < 0:
        raise DocumentError(Status.TOO_LARGE, "Its drawings repeat one another more often than those of a document.")


def _may_draw(form: Stream) -> bool:
    """Whether a drawing could be made of others: its resources name some, lie elsewhere, or are those of the page."""
    return b"/Resources" not in form.dictionary or bool(_MAY_DRAW.search(form.dictionary))


def unpacked(data: mmap.mmap | bytes, stream: Stream) -> bytes:
    """What a stream holds, up to a bound that no page's content reaches; nothing of what is encrypted or damaged."""
    found = data[stream.start : stream.end]
    try:
        for _ in range(stream.layers):
            found = zlib.decompressobj().decompress(found, _MOST_BYTES)
    except zlib.error:
        return b""
    return found


def _drawn(content: bytes, most: int) -> Counter[bytes]:
    """How often a content draws what is called by each name; beyond what is too often anyway it isn't counted."""
    found = islice(_DRAWS.finditer(content), most + 1) if b"Do" in content else ()
    return Counter(_plain(match[1]) for match in found)


def _plain(name: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), name) if b"#" in name else name


def _sizes(drawn: Mapping[int, Counter[bytes]], forms: Mapping[int, Stream], objects: _Objects, most: int) -> dict[int, int]:
    """How many drawings each becomes, itself included, up to `most`; a circle is drawn as deep as pdfium goes."""
    inside: dict[int, list[tuple[set[int], int]]] = {}
    for number, names in drawn.items():
        targets = objects.targets(forms[number].dictionary) if names else {}
        found = ((targets[name] & forms.keys(), times) for name, times in names.items() if name in targets)
        inside[number] = [(numbers, times) for numbers, times in found if numbers]
    sizes = dict.fromkeys(forms, 1)
    for _ in range(_DEEPEST):
        larger = {
            number: min(1 + sum(times * max(map(sizes.__getitem__, numbers)) for numbers, times in parts), most)
            for number, parts in inside.items() if parts and sizes[number] < most
        }  # fmt: skip
        if larger.items() <= sizes.items():
            break
        sizes |= larger
    return sizes


class _Objects:
    """The dictionaries of a file, those in streams of objects too, looked for when somebody asks; where a number has several, all of them count."""

    def __init__(self, data: mmap.mmap | bytes, streams: Sequence[Stream]) -> None:
        self._data = data
        self._streams = streams

    def targets(self, dictionary: bytes) -> dict[bytes, set[int]]:
        """The numbers of what a content with this dictionary may call by each name."""
        if b"/Resources" not in dictionary:  # then those of the page hold
            return self.by_name
        found: dict[bytes, set[int]] = defaultdict(set)
        pieces = [dictionary]
        for _ in range(_DICTIONARIES_AWAY):
            for name, number in chain.from_iterable(map(_ENTRY.findall, pieces)):
                found[_plain(name)].add(int(number))
            pieces = [piece for number in chain.from_iterable(map(_ELSEWHERE.findall, pieces)) for piece in self._of(int(number))]
        return found

    @cached_property
    def by_name(self) -> dict[bytes, set[int]]:
        """The numbers of all that anything calls by each name."""
        found: dict[bytes, set[int]] = defaultdict(set)
        for piece in (self._data, *(content for content, _ in self._packed)):
            for name, number in _ENTRY.findall(piece):
                found[_plain(name)].add(int(number))
        return found

    def _of(self, number: int) -> Iterator[bytes]:
        for start in self._starts.get(number, ()):
            end = self._data.find(b"endobj", start)
            yield self._data[start : end if end >= 0 else len(self._data)]
        for content, places in self._packed:
            if number in places:
                start, end = places[number]
                yield content[start:end]

    @cached_property
    def _starts(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for match in _OBJECT.finditer(self._data):
            if (number := number_of(self._data, match.start())) is not None:
                found[number].append(match.end())
        return found

    @cached_property
    def _packed(self) -> list[tuple[bytes, dict[int, tuple[int, int]]]]:
        """Of each stream of objects what it holds, and where each of them lies in it."""
        found = []
        for stream in self._streams:
            if not _HOLDS_OBJECTS.search(stream.dictionary) or not (first := _FIRST.search(stream.dictionary)):
                continue
            content = unpacked(self._data, stream)
            heads = [int(number) for number in re.findall(rb"\d{1,10}", content[: int(first[1])])]
            starts = [int(first[1]) + offset for offset in heads[1::2]]
            found.append((content, dict(zip(heads[::2], zip(starts, [*starts[1:], len(content)], strict=False), strict=False))))
        return found


def number_of(data: mmap.mmap | bytes, at: int) -> int | None:
    """The number of the object whose `obj` stands there."""
    match = _NUMBER.search(data[max(0, at - _NUMBER_BYTES) : at])
    return int(match[1]) if match else None
