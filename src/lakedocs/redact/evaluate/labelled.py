"""Labelled files in the forms in which such data comes: Lakedocs' own, Presidio's, the Text Anonymization Benchmark's, columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakedocs.errors import SettingsError

_NAMES = {
    "PERSON": "PERSON PER NAME politician musicalartist scientist researcher writer",
    "LOCATION": "LOCATION LOC GPE ADDRESS STREET_ADDRESS CITY COUNTRY FAC",
    "ORGANIZATION": "ORGANIZATION ORGANISATION ORG COMPANY CORPORATION GROUP politicalparty university band",
    "DATE_TIME": "DATE_TIME DATETIME DATE TIME",
    "NRP": "NRP DEM NORP",
    "URL": "URL DOMAIN_NAME",
}
_BETWEEN = re.compile(r"\n[ \t]*\n")
"""An empty line; WNUT's have a tab."""
_ENTITY_OF = {name.upper(): entity for entity, names in _NAMES.items() for name in names.split()}


@dataclass(frozen=True)
class Mark:
    """Characters start to end (exclusive) that a person marked.

    Attributes:
        kind: DIRECT, QUASI or NO_MASK where the data tells them apart, else empty.
        subject: marks with the same subject mean the same thing; empty: this mark alone.
    """

    start: int
    end: int
    entity: str
    kind: str = ""
    subject: str = field(default="", repr=False)


@dataclass(frozen=True)
class Labelled:
    """A text and what is marked in it."""

    text: str = field(repr=False)
    marks: tuple[Mark, ...]


def read_labelled(path: Path) -> list[Labelled]:
    """The texts of a file.

    JSON or JSONL, a row `{"text", "spans": [{"start", "end", "entity"}]}`, or as Presidio's generator or the Text Anonymization
    Benchmark write them; anything else is read as columns: a word and its B-, I- or O label a line, an empty line between texts.

    Raises:
        SettingsError: when nothing can be read from it.
    """
    try:
        content = path.read_text(encoding="utf-8")
        found = list(_rows(content) if path.suffix.lower() in (".json", ".jsonl") else _columns(content))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise SettingsError(
            f"{path.name} can't be read as labelled text ({type(error).__name__}); see `lakedocs evaluate redaction --help`."
        ) from error
    if not found:
        raise SettingsError(f"{path.name} holds no labelled text.")
    return found


def entity_of(name: str) -> str:
    """What Lakedocs calls a type of another data set."""
    return _ENTITY_OF.get(name.upper(), name.upper())


def _rows(content: str) -> Iterator[Labelled]:
    rows: list[dict[str, Any]] = (
        json.loads(content) if content.lstrip().startswith("[") else [json.loads(line) for line in content.split("\n") if line.strip()]
    )
    for row in rows:
        marks = sorted((_mark(mark) for mark in _marked(row)), key=lambda mark: (mark.start, mark.end))
        text = row["full_text"] if "full_text" in row else row["text"]
        if not isinstance(text, str) or any(not 0 <= mark.start < mark.end <= len(text) for mark in marks):
            raise ValueError("a mark outside of its text")
        yield Labelled(text, tuple(marks))


def _marked(row: dict[str, Any]) -> list[dict[str, Any]]:
    """What is marked in a row; the benchmark's own files hold the marks of several annotators, of whom the first counts."""
    if "annotations" in row:
        return list(next(iter(row["annotations"].values()))["entity_mentions"])
    return list(row["spans"] if "spans" in row else row["entities"])


def _mark(row: dict[str, Any]) -> Mark:
    for start, end, entity in (
        ("start", "end", "entity"),
        ("start_position", "end_position", "entity_type"),
        ("start_offset", "end_offset", "entity_type"),
    ):
        if start in row:
            return Mark(
                int(row[start]), int(row[end]), entity_of(str(row[entity])), str(row.get("identifier_type", "")), str(row.get("entity_id", ""))
            )
    raise KeyError("start")


def _columns(content: str) -> Iterator[Labelled]:
    for block in _BETWEEN.split(content.replace("\r", "")):
        text = ""
        marks: list[Mark] = []
        for line in filter(None, block.split("\n")):
            word, _, label = line.replace("\t", " ").rpartition(" ")
            if not word:
                continue
            start = len(text) + bool(text)
            text = f"{text} {word}" if text else word
            if label == "O":
                continue
            entity = entity_of(label[2:])
            if label[0] == "I" and marks and marks[-1].end == start - 1 and marks[-1].entity == entity:
                marks[-1] = Mark(marks[-1].start, len(text), entity)
            else:
                marks.append(Mark(start, len(text), entity))
        if text:
            yield Labelled(text, tuple(marks))
