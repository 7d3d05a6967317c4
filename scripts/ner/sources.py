"""Reads the public data sets: CrossNER and WNUT 2017 in columns, the Text Anonymization Benchmark, Presidio's made sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from scripts.ner.examples import NAMES, TYPES, UNKNOWN, Builder, Example, Span

_OF_COLUMNS = {
    "PERSON": ("person", "politician", "musicalartist", "scientist", "researcher", "writer"),
    "LOCATION": ("location", "country"),
    "ORGANIZATION": ("organisation", "politicalparty", "university", "band", "corporation", "group"),
}
_TYPE_OF = {name: entity for entity, names in _OF_COLUMNS.items() for name in names}
_OF_TAB = {"PERSON": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION", "DATETIME": "DATE_TIME", "DEM": "NRP", "QUANTITY": "QUANTITY",
           "CODE": "CODE", "MISC": "MISC"}  # fmt: skip
_OF_PRESIDIO = {"PERSON": "PERSON", "LOCATION": "LOCATION", "ADDRESS": "LOCATION", "ORGANIZATION": "ORGANIZATION", "DATE_TIME": "DATE_TIME"}


def columns(path: Path, source: str) -> Iterator[Example]:
    """A word and its label a line, an empty line after each sentence."""
    for sentence in path.read_text(encoding="utf-8").split("\n\n"):
        builder, open_type, piece = Builder(), "", ""
        for line in [*sentence.strip().split("\n"), "\tO"]:
            word, _, label = line.strip("\r").rpartition("\t")
            entity = _TYPE_OF.get(label[2:], "")
            if entity and label[0] == "I" and open_type == entity:
                piece += f" {word}"
                continue
            builder.add(piece, open_type)
            builder.add(" " if builder.text else "")
            piece, open_type = word, entity
        builder.add(piece, open_type)
        if builder.text.strip():
            yield Example(builder.text, tuple(builder.spans), NAMES, source)


def tab(path: Path) -> Iterator[tuple[str, Example]]:
    """(document, paragraph) of court decisions in which everything that may identify is marked."""
    for line in path.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        text = document["text"]
        marked = sorted({(m["start_offset"], m["end_offset"], _OF_TAB[m["entity_type"]]) for m in document["entities"]})
        start = 0
        for paragraph in text.split("\n"):
            end = start + len(paragraph)
            inside = [Span(a - start, b - start, entity) for a, b, entity in _without_overlaps(marked) if start <= a and b <= end]
            if paragraph.strip():
                yield document["metadata"]["data_id"], Example(paragraph, tuple(inside), frozenset(TYPES), "tab")
            start = end + 1


def _without_overlaps(marked: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    last = -1
    for start, end, entity in marked:
        if start >= last:
            yield start, end, entity
            last = end


def presidio(path: Path) -> Iterator[tuple[int, Example]]:
    """(template, sentence) of Presidio's made sentences."""
    for row in json.loads(path.read_text(encoding="utf-8")):
        spans = sorted(
            (Span(s["start_position"], s["end_position"], _OF_PRESIDIO.get(s["entity_type"], UNKNOWN)) for s in row["spans"]), key=lambda s: s.start
        )
        yield row["template_id"], Example(row["full_text"], tuple(spans), NAMES | {"DATE_TIME"}, "presidio")
