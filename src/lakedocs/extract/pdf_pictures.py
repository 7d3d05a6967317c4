"""Images of PDF pages, and drawn pages, kept for whoever reads images, within a share of the file's time."""

from __future__ import annotations

import io
import time

import pypdfium2 as pdfium

from lakedocs.extract.pdf_shapes import Shapes
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Shows

_MIN_IMAGE_PX, _MAX_IMAGE_PX = 32, 64_000_000
_PAGE_SCALE, _LONGEST_PAGE_PX = 2.2, 2400
"""A page is drawn at about 160 dots an inch."""


class Pictures:
    """Saves the pictures of one document.

    Args:
        until: of time.monotonic; text that was read is not given up for later pictures.
    """

    def __init__(self, document: pdfium.PdfDocument, reading: Reading, until: float) -> None:
        self._document = document
        self._reading = reading
        self._until = until

    def save_page(self, page: pdfium.PdfPage, place: Place, shows: Shows) -> bool:
        """Keep what the page shows; False where there is no room or no time for it."""
        reading = self._reading
        if len(reading.images) >= reading.limits.images or time.monotonic() > self._until:
            return False
        scale = min(_PAGE_SCALE, _LONGEST_PAGE_PX / max(*page.get_size(), 1))
        buffer = io.BytesIO()
        page.render(scale=scale).to_pil().convert("L").save(buffer, "PNG")
        reading.save_image(buffer.getvalue, "png", place, shows)
        return True

    def save_images(self, page: pdfium.PdfPage, shapes: Shapes, place: Place) -> None:
        """Keep the images on the page, where images are kept at all: to decode them only to look at them takes longer than all text."""
        if not self._reading.keeps_images:
            return
        for raw in shapes.images:
            if time.monotonic() > self._until:
                self._reading.flag(Flag.TRUNCATED)
                return
            self._save(pdfium.PdfImage(raw, page=page, pdf=self._document), place)

    def _save(self, image: pdfium.PdfImage, place: Place) -> None:
        buffer = io.BytesIO()
        try:
            width, height = image.get_px_size()
            if min(width, height) < _MIN_IMAGE_PX:
                return
            if width * height > _MAX_IMAGE_PX and image.get_filters()[-1:] != ["DCTDecode"]:
                self._reading.flag(Flag.TRUNCATED)
                return
            image.extract(buffer, fb_format="png")  # a JPEG as it is
        except (pdfium.PdfiumError, OSError, ValueError, NotImplementedError, SystemError):
            return  # an image that pdfium can't decode is not shown to anyone either
        self._reading.save_image(buffer.getvalue, "png", place)
