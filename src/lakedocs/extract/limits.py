"""What one document may cost; beyond that it is refused or cut with a flag, never read on."""

from __future__ import annotations

import zipfile

from pydantic import BaseModel, ConfigDict, Field

from lakedocs.errors import DocumentError
from lakedocs.records import Element, Status


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


def check_zip(path: str, limits: Limits) -> list[str]:
    """The part names of a ZIP container that is safe to unpack.

    Raises:
        DocumentError: `too_large` for a bomb, `encrypted` for a ZIP with a password, `corrupt` when it can't be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DocumentError(Status.CORRUPT, "The ZIP container can't be read.") from error
    total = sum(info.file_size for info in infos)
    if total > limits.unpacked_mb * 2**20:
        raise DocumentError(Status.TOO_LARGE, f"It unpacks to {total // 2**20} MB; the limit is {limits.unpacked_mb} MB.")
    for info in infos:
        if info.flag_bits & 0x1:
            raise DocumentError(Status.ENCRYPTED, "The parts of the container need a password.")
        if info.file_size > 2**20 and info.file_size > limits.unpack_ratio * max(info.compress_size, 1):
            ratio = info.file_size // max(info.compress_size, 1)
            raise DocumentError(Status.TOO_LARGE, f"A part unpacks to {ratio} times its size; the limit is {limits.unpack_ratio}.")
    return [info.filename for info in infos]


class Budget:
    """Collects elements until the text or element limit is reached; then `full` is true and more are left out."""

    def __init__(self, limits: Limits) -> None:
        self._chars_left = limits.text_mb * 1_000_000
        self._elements_left = limits.elements
        self.elements: list[Element] = []
        self.truncated = False

    @property
    def full(self) -> bool:
        return self.truncated

    def add(self, element: Element) -> None:
        """Keep the element, cut to what is left; empty ones are dropped."""
        text = element.text.strip()
        if not text or self.truncated:
            return
        if self._elements_left == 0 or len(text) > self._chars_left:
            self.truncated = True
            text = text[: self._chars_left] if self._elements_left else ""
            if not text:
                return
        self._chars_left -= len(text)
        self._elements_left -= 1
        self.elements.append(Element(element.kind, text, element.level, element.region, element.place))
