"""PDFs that unpack to more than a document can hold, told from their packed streams before anything is unpacked whole."""

from __future__ import annotations

import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from lakedocs.errors import DocumentError
from lakedocs.extract.limits import Limits
from lakedocs.extract.pdf.forms import Stream, check_forms, number_of
from lakedocs.records import Status

_STREAM = re.compile(rb"stream\r?\n")
_DICTIONARY_BYTES, _LONGEST_DICTIONARY_BYTES = 1_024, 1 << 16
_IMAGE = re.compile(rb"/Subtype\s*/Image|/DCTDecode|/JPXDecode|/JBIG2Decode|/CCITTFaxDecode")
_FORM = re.compile(rb"/Subtype\s*/Form\b")
_FLATE = re.compile(rb"/(?:FlateDecode|Fl)\b")
_MOST_PACKED = 1_032
"""Deflate can't make anything smaller than by this."""
_HARMLESS_MB = 16
_CHUNK = 1 << 14
_SMALL, _USUAL_RATIO = 1 << 18, 20
"""What is smaller can't unpack to more than a document may; it is left as soon as it looks usual."""
_BIT = 1 << 20
_MAX_NESTED = 3


class _Unpacker(Protocol):
    """What zlib's own class, which has no public name, offers."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


def check_streams(path: str, limits: Limits) -> None:
    """Look at the streams that could unpack to much, and at drawings made of drawings; images are left to those who would draw them.

    Raises:
        DocumentError: `too_large` for a stream that unpacks to more than a document may, or to an absurd multiple of its size, or for
            drawings that repeat one another without end.
    """
    with open(path, "rb") as file, _bytes_of(file) as data:
        forms: dict[int, Stream] = {}
        others = []
        for number, stream in _streams(data):
            if stream.layers and (stream.end - stream.start) * _MOST_PACKED**stream.layers > _HARMLESS_MB * 2**20:
                _check(data, stream, limits)
            if number is None:
                others.append(stream)
            else:
                forms[number] = stream
        check_forms(data, forms, others)


def _streams(data: mmap.mmap | bytes) -> Iterator[tuple[int | None, Stream]]:
    """The streams but for images; of forms the number of their object, too."""
    end = -1
    for match in _STREAM.finditer(data):
        start = match.end()
        if start < end or data[match.start() - 3 : match.start()] == b"end":
            continue
        before = data[max(0, start - _DICTIONARY_BYTES) : match.start()]
        if (at := before.rfind(b"obj")) < 0:
            before = data[max(0, start - _LONGEST_DICTIONARY_BYTES) : match.start()]
            at = before.rfind(b"obj")
        dictionary = before[at + 3 :]
        if _IMAGE.search(dictionary):
            continue
        end = data.find(b"endstream", start)
        end = end if end >= 0 else len(data)
        number = number_of(data, match.start() - len(dictionary) - 3) if _FORM.search(dictionary) else None
        yield number, Stream(dictionary, start, end, min(len(_FLATE.findall(dictionary)), _MAX_NESTED))


@contextmanager
def _bytes_of(file: BinaryIO) -> Iterator[mmap.mmap | bytes]:
    """A file's bytes; read where its volume can't map them."""
    try:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        yield file.read()
        return
    with mapped:
        yield mapped


def _check(data: mmap.mmap | bytes, stream: Stream, limits: Limits) -> None:
    start, end = stream.start, stream.end
    packed = end - start
    unpackers = [zlib.decompressobj() for _ in range(stream.layers)]
    total = 0
    try:
        for at in range(start, end, _CHUNK):
            if at > start and packed < _SMALL and total < _USUAL_RATIO * (at - start):
                return  # it is packed as text and fonts are
            for size in _unpacked(unpackers, data[at : min(at + _CHUNK, end)]):
                total += size
                if total > limits.unpacked_mb * 2**20:
                    raise DocumentError(Status.TOO_LARGE, f"A stream of it unpacks to more than {limits.unpacked_mb} MB.")
                if total > _HARMLESS_MB * 2**20 and total > limits.unpack_ratio * packed:
                    raise DocumentError(Status.TOO_LARGE, f"A stream unpacks to more than {limits.unpack_ratio} times its size.")
    except zlib.error:
        return  # encrypted, or damaged: what pdfium makes of it ends with it


def _unpacked(unpackers: Sequence[_Unpacker], piece: bytes) -> Iterator[int]:
    """The sizes of what a piece becomes under all layers, bit by bit."""
    first, *others = unpackers
    while piece:
        made = first.decompress(piece, _BIT)
        if others:
            yield from _unpacked(others, made)
        else:
            yield len(made)
        piece = first.unconsumed_tail
