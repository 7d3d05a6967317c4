"""Labelled text as the training reads it, whatever it came from."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakedocs.redact.evaluate.labelled import Mark
from lakedocs.redact.ner import files

TYPES = ("PERSON", "LOCATION", "ORGANIZATION", "DATE_TIME", "NRP", "QUANTITY", "CODE", "MISC")
LABELS = ("O", *(f"{part}-{entity}" for entity in TYPES for part in "BI"))
NAMES = frozenset(files.NAMES)
UNKNOWN = "?"
"""The type of a span about which a source says nothing that counts here, such as a card number."""


@dataclass(frozen=True)
class Example:
    """A text with its spans; outside of them there is none of the `annotated` types, and about the others nothing is said."""

    text: str = field(repr=False)
    spans: tuple[Mark, ...]
    annotated: frozenset[str]
    source: str


class Builder:
    """Puts a text together from pieces, some of which are spans."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self.spans: list[Mark] = []

    def add(self, piece: str, entity: str = "") -> None:
        """Append a piece; with an entity it is a span."""
        if entity and piece:
            self.spans.append(Mark(self._length, self._length + len(piece), entity))
        self._pieces.append(piece)
        self._length += len(piece)

    @property
    def text(self) -> str:
        return "".join(self._pieces)
