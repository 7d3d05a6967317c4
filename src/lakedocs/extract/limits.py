"""What one document may cost; beyond that it is refused or cut with a flag, never read on."""

from __future__ import annotations

import itertools
import os
import zipfile
import zlib

from pydantic import BaseModel, ConfigDict, Field

from lakedocs.errors import DocumentError
from lakedocs.records import Element, Place, Status

_MOST_PARTS = 20_000
_DIRECTORY_BYTES = 2 * 2**20
_END_OF_DIRECTORY, _END_BYTES = b"PK\x05\x06", 22
_MOST_COMMENT_BYTES = 65_535
_LOCAL_HEADER_BYTES = 30
_MOST_PACKED = 1_032
"""Deflate can't make anything smaller than by this."""
_CHUNK_BYTES = 2**20
_UNPACKED_BY_OTHERS = "xl/"
"""Parts that calamine unpacks, which goes by the data and not by the directory."""


class Limits(BaseModel):
    """The bounds of one file, its attachments included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_mb: int = Field(512, gt=0, description="Larger files are refused as too_large.")
    seconds: float = Field(60, gt=0, description="Longer parsing is killed: timed_out.")
    memory_mb: int = Field(1024, gt=0, description="Address space of the parsing process above its idle size.")
    unpacked_mb: int = Field(300, gt=0, description="An Office file may unpack to this much.")
    unpack_ratio: int = Field(150, gt=0, description="A part may unpack to this many times its packed size (above 1 MB).")
    text_mb: int = Field(20, gt=0, description="More text (millions of characters) is left out: flag truncated.")
    elements: int = Field(200_000, gt=0, description="More elements are left out: flag truncated.")
    attachments: int = Field(200, ge=0, description="More attachments are left out: flag attachments_left_out.")
    attachment_depth: int = Field(5, ge=0, description="Attachments of attachments, down to here.")
    images: int = Field(500, ge=0, description="More images of one document are not saved.")
    pages_as_images: bool = Field(False, description="Keep a picture of each PDF page without text; set where it is read.")
    table_pages_as_images: bool = Field(False, description="Keep one of each PDF page with text and ruled lines, too; set where its tables are read.")


def zip_entries(path: str) -> list[zipfile.ZipInfo]:
    """The directory of a ZIP container, read only where it is no larger than a document's.

    Raises:
        DocumentError: `too_large` for tens of thousands of parts, `corrupt` when it can't be read.
    """
    try:
        if _directory_bytes(path) > _DIRECTORY_BYTES:
            raise DocumentError(Status.TOO_LARGE, f"Its directory is larger than {_DIRECTORY_BYTES // 2**20} MB.")
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DocumentError(Status.CORRUPT, "The ZIP container can't be read.") from error
    if len(infos) > _MOST_PARTS:
        raise DocumentError(Status.TOO_LARGE, f"It has {len(infos)} parts; a document has no more than {_MOST_PARTS}.")
    return infos


def _directory_bytes(path: str) -> int:
    """What the end of a container says of its directory; 0 where it says nothing, which its reader will find out."""
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _END_BYTES - _MOST_COMMENT_BYTES))
        tail = file.read()
    at = tail.rfind(_END_OF_DIRECTORY)
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0


def check_zip(path: str, limits: Limits) -> list[str]:
    """The part names of a ZIP container that is safe to unpack.

    Raises:
        DocumentError: `too_large` for a bomb, `encrypted` for a ZIP with a password, `corrupt` when it can't be read or
            its directory does not say what its data is.
    """
    infos = zip_entries(path)
    total = sum(info.file_size for info in infos)
    if total > limits.unpacked_mb * 2**20:
        raise DocumentError(Status.TOO_LARGE, f"It unpacks to {total // 2**20} MB; the limit is {limits.unpacked_mb} MB.")
    for info in infos:
        if info.flag_bits & 0x1:
            raise DocumentError(Status.ENCRYPTED, "The parts of the container need a password.")
        if info.file_size > 2**20 and info.file_size > limits.unpack_ratio * max(info.compress_size, 1):
            ratio = info.file_size // max(info.compress_size, 1)
            raise DocumentError(Status.TOO_LARGE, f"A part unpacks to {ratio} times its size; the limit is {limits.unpack_ratio}.")
    by_place = sorted(infos, key=lambda info: info.header_offset)
    if any(after.header_offset < before.header_offset + _LOCAL_HEADER_BYTES + before.compress_size for before, after in itertools.pairwise(by_place)):
        raise DocumentError(Status.CORRUPT, "Parts of the container lie in one another.")
    _check_sizes(path, [info for info in infos if info.filename.lower().startswith(_UNPACKED_BY_OTHERS)], limits)
    return [info.filename for info in infos]


def _check_sizes(path: str, infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Unpack, bit by bit, the parts that could become more than the limit while the directory says less."""
    doubtful = [
        info for info in infos if info.compress_size * _MOST_PACKED > limits.unpacked_mb * 2**20 and info.compress_type == zipfile.ZIP_DEFLATED
    ]
    if not doubtful:
        return
    with open(path, "rb") as file:
        for info in doubtful:
            file.seek(info.header_offset)
            header = file.read(_LOCAL_HEADER_BYTES)
            file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), os.SEEK_CUR)
            packed, unpacker, size = file.read(info.compress_size), zlib.decompressobj(-zlib.MAX_WBITS), 0
            try:
                while packed and size <= info.file_size:
                    size += len(unpacker.decompress(packed, _CHUNK_BYTES))
                    packed = unpacker.unconsumed_tail
            except zlib.error:
                continue  # damaged: its reader will say so
            if size > info.file_size:
                raise DocumentError(Status.CORRUPT, "A part of the container is larger than its directory says.")


class Allowance:
    """What a file and all that is attached to it may still take, to any depth."""

    def __init__(self, limits: Limits) -> None:
        self.chars = limits.text_mb * 1_000_000
        self.elements = limits.elements
        self._attachments = limits.attachments
        self._attached_bytes = limits.unpacked_mb * 2**20
        self._unpacked_bytes = limits.unpacked_mb * 2**20

    def attach(self, size_bytes: int) -> bool:
        """Whether one more attachment of that size is kept."""
        if self._attachments <= 0 or size_bytes > self._attached_bytes:
            return False
        self._attachments -= 1
        self._attached_bytes -= size_bytes
        return True

    def unpack(self, path: str) -> None:
        """Count what an attached container unpacks to; each may stay below the limit and all together be a bomb.

        Raises:
            DocumentError: `too_large`, or `corrupt` when it is no container.
        """
        self._unpacked_bytes -= sum(info.file_size for info in zip_entries(path))
        if self._unpacked_bytes < 0:
            raise DocumentError(Status.TOO_LARGE, "The file it is attached to unpacks to more than the limit.")


class Budget:
    """Collects elements until the text or element limit is reached; then `full` is true and more are left out."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self.elements: list[Element] = []
        self.truncated = False

    @property
    def full(self) -> bool:
        return self.truncated

    def add(self, kind: str, text: str, level: int, region: str, place: Place) -> None:
        """Keep an element, cut to what is left; empty ones are dropped."""
        text = text.strip()
        if not text or self.truncated:
            return
        left = self._allowance
        if left.elements == 0 or len(text) > left.chars:
            self.truncated = True
            text = text[: left.chars] if left.elements else ""
            if not text:
                return
        left.chars -= len(text)
        left.elements -= 1
        self.elements.append(Element(kind, text, level, region, place))
