"""What a format's parser fills while it reads: elements within the budget, images on disk, attachments to read next."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
    WmfImagePlugin,
)
from PIL import Image as PillowImage

from lakedocs.errors import DocumentError
from lakedocs.extract.limits import Allowance, Budget, Limits
from lakedocs.records import Element, Flag, Guess, Image, Place, Shows

_MEDIA_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp", "tif": "image/tiff",
    "tiff": "image/tiff", "emf": "image/emf", "wmf": "image/wmf", "svg": "image/svg+xml", "webp": "image/webp",
}  # fmt: skip
_PICTURES = tuple(
    plugin.format or ""
    for plugin in (
        PngImagePlugin.PngImageFile, JpegImagePlugin.JpegImageFile, GifImagePlugin.GifImageFile, BmpImagePlugin.BmpImageFile,
        BmpImagePlugin.DibImageFile, TiffImagePlugin.TiffImageFile, WebPImagePlugin.WebPImageFile, WmfImagePlugin.WmfStubImageFile,
        Jpeg2KImagePlugin.Jpeg2KImageFile, IcoImagePlugin.IcoImageFile,
    )
)  # fmt: skip
"""What documents hold: Pillow's forty other formats need not be loaded, nor be brought to read anything."""
_OF_PILLOW_FORMAT = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "BMP": "bmp", "TIFF": "tif", "WEBP": "webp", "EMF": "emf", "WMF": "wmf"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes found inside a document that are a document of their own."""

    name: str = field(repr=False)
    data: bytes = field(repr=False)


class Reading:
    """Collects one document; parsers call `add`, `save_image` and `attach` in reading order."""

    def __init__(self, limits: Limits, image_folder: Path | None, allowance: Allowance | None = None) -> None:
        self.limits = limits
        self.allowance = allowance or Allowance(limits)
        self._image_folder = image_folder
        self._budget = Budget(self.allowance)
        self._flags: dict[Flag, None] = {}
        self._notes: dict[str, None] = {}
        self.guesses: list[Guess] = []
        self.images: list[Image] = []
        self.attachments: list[Attachment] = []

    @property
    def elements(self) -> list[Element]:
        return self._budget.elements

    @property
    def full(self) -> bool:
        """Whether reading on is pointless because the text budget is spent."""
        return self._budget.full

    @property
    def flags(self) -> tuple[Flag, ...]:
        if self._budget.truncated:
            self.flag(Flag.TRUNCATED)
        return tuple(self._flags)

    def flag(self, flag: Flag) -> None:
        self._flags[flag] = None

    @property
    def keeps_images(self) -> bool:
        """Whether images are stored: where they are not, nobody needs to decode them."""
        return self._image_folder is not None

    @property
    def notes(self) -> str:
        """What a person should know though the document is read, in sentences."""
        return " ".join(self._notes)

    def note(self, sentence: str) -> None:
        """Say something beside a flag, such as which pages it is about; without the document's content."""
        self._notes[sentence] = None

    def guess(self, what: str, value: str, confidence: float) -> None:
        """Record what was inferred of the document's form; never a word of its text."""
        self.guesses.append(Guess(what, value, confidence))

    @contextmanager
    def tolerating_damage(self) -> Iterator[None]:
        """A damaged picture, chart or header costs itself, and the flag `truncated`; the rest of the document is read."""
        try:
            yield
        except DocumentError:
            self.flag(Flag.TRUNCATED)

    def add(self, kind: str, text: str, *, level: int = 0, region: str = "body", place: Place = Place()) -> None:  # noqa: B008 - frozen
        """Keep a piece of text; empty ones are dropped, those beyond the budget set the flag `truncated`."""
        self._budget.add(kind, text, level, region, place)

    def attach(self, name: str, data: bytes) -> None:
        """Keep an attachment, up to the limits of the file it came with."""
        if not self.allowance.attach(len(data)):
            self.flag(Flag.ATTACHMENTS_LEFT_OUT)
            return
        self.attachments.append(Attachment(name, data))

    def save_image(self, read: Callable[[], bytes], extension: str, place: Place, shows: Shows = Shows.PICTURE) -> None:
        """Store an image under its hash (the same image is stored once) and note it with its place."""
        if len(self.images) >= self.limits.images:
            return
        data = read()
        if not data:
            return
        sha256 = hashlib.sha256(data).hexdigest()
        width, height, found = _size_of(data)
        extension = found or extension.lower().lstrip(".")
        if self._image_folder is not None:
            _write_once(self._image_folder / sha256[:2] / f"{sha256}.{extension or 'bin'}", data)
        media_type = _MEDIA_TYPES.get(extension, "application/octet-stream")
        self.images.append(Image(sha256, media_type, len(data), width, height, place, shows))


def _size_of(data: bytes) -> tuple[int, int, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a decompression-bomb warning: only the header is read here
            with PillowImage.open(io.BytesIO(data), formats=_PICTURES) as image:
                return image.width, image.height, _OF_PILLOW_FORMAT.get(image.format or "", "")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError):
        return 0, 0, ""  # unknown to Pillow (EMF on Linux, SVG): stored all the same, its size stays unknown


def _write_once(path: Path, data: bytes) -> None:
    if path.exists() and path.stat().st_size == len(data):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(data)
    partial.replace(path)
