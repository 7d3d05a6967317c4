"""What the pipeline asks of whoever reads images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

Cells = tuple[tuple[str, ...], ...]
"""A table: the cells of each row, as many in each."""


@dataclass(frozen=True, slots=True)
class Insight:
    """What an image shows.

    Attributes:
        text: what is written in it, a line each.
        caption: what it shows, in a sentence; empty where the engine says nothing of it.
        tags: words for what it shows.
        tables: the cells of each row of each table, whose texts are not in `text`; none where the engine doesn't look for tables.
        raw: all that the engine answered, as JSON.
    """

    text: str = field(default="", repr=False)
    caption: str = field(default="", repr=False)
    tags: tuple[str, ...] = field(default=(), repr=False)
    tables: tuple[Cells, ...] | None = field(default=None, repr=False)
    raw: str = field(default="{}", repr=False)


class ImageReader(Protocol):
    """Reads images; may be asked from several threads."""

    def read(self, image: bytes) -> Insight:
        """What a PNG or JPEG shows.

        Raises:
            RefusedError: when the service refuses this image.
            ServiceError: when it refuses the caller, or has not answered in time.
        """
