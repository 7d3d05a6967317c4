"""An image as an engine takes it: a PNG or JPEG within its limits of pixels and bytes."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from lakedocs.services.options import VisionSettings

_SMALLEST_PX = 50
"""A service's lower limit of each side; a smaller image is given a margin."""
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_QUALITIES = (90, 75, 60, 45, 30)


def prepared(data: bytes, settings: VisionSettings) -> bytes | None:
    """The image upright, in RGB, no larger than the settings allow; none where it is too small to read, or can't be decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if max(opened.size) < settings.min_px:
                    return None
                opened.draft("RGB", (settings.max_px, settings.max_px))
                image = ImageOps.exif_transpose(opened)
                image.thumbnail((settings.max_px, settings.max_px))
                return _encoded(_on_white(image), settings.max_mb * 2**20)
    except Exception:  # noqa: BLE001 - of damaged images Pillow raises whatever its decoders do; one that can't be decoded shows nobody anything
        return None


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, with white where it is transparent, and at least as large as services take."""
    if image.mode.startswith(("I", "F")):  # sixteen bits a pixel and more would be cut off at eight
        pixels = np.asarray(image, dtype=np.float32)
        low, high = float(pixels.min()), float(pixels.max())
        image = Image.fromarray(((pixels - low) * 255 / max(high - low, 1)).astype(np.uint8))
    rgba = image.convert("RGBA")
    size = (max(rgba.width, _SMALLEST_PX), max(rgba.height, _SMALLEST_PX))
    canvas = Image.new("RGB", size, "white")
    canvas.paste(rgba, ((size[0] - rgba.width) // 2, (size[1] - rgba.height) // 2), rgba)
    return canvas


def _encoded(image: Image.Image, most_bytes: int) -> bytes | None:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False)
    for quality in _QUALITIES:
        if buffer.tell() <= most_bytes:
            return buffer.getvalue()
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue() if buffer.tell() <= most_bytes else None
