"""The public data sets as examples: CrossNER and WNUT 2017, the Text Anonymization Benchmark, Presidio's made sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from scripts.ner.examples import NAMES, TYPES, UNKNOWN, Example

from lakedocs.redact.evaluate.labelled import Mark, read_labelled
from lakedocs.redact.ner.known import kind_of_user

_USER = re.compile(r"(?<!\w)@ ?([^\W_]{3,})")


def columns(path: Path, source: str) -> Iterator[Example]:
    """Sentences in which people, places and organisations are marked."""
    for labelled in read_labelled(path):
        yield Example(labelled.text, tuple(mark for mark in labelled.marks if mark.entity in NAMES), NAMES, source)


def with_users(example: Example) -> Example:
    """Messages with the user names marked that are made of a person's name: this source marks hardly any of them."""
    users = [Mark(match.start(1), match.end(1), "PERSON") for match in _USER.finditer(example.text) if kind_of_user(match[1])]
    apart = [user for user in users if all(mark.end <= user.start or user.end <= mark.start for mark in example.spans)]
    return replace(example, spans=tuple(sorted([*example.spans, *apart], key=lambda mark: mark.start)))


def tab(path: Path) -> Iterator[tuple[str, Example]]:
    """(document, paragraph) of court decisions in which everything that may identify is marked."""
    documents = [json.loads(line)["metadata"]["data_id"] for line in path.read_text(encoding="utf-8").splitlines()]
    for document, labelled in zip(documents, read_labelled(path), strict=True):
        marks = list(_without_overlaps(sorted(labelled.marks, key=lambda mark: (mark.start, mark.end, mark.entity))))
        start = 0
        for paragraph in labelled.text.split("\n"):
            end = start + len(paragraph)
            inside = tuple(Mark(m.start - start, m.end - start, m.entity) for m in marks if start <= m.start and m.end <= end)
            if paragraph.strip():
                yield document, Example(paragraph, inside, frozenset(TYPES), "tab")
            start = end + 1


def _without_overlaps(marks: Sequence[Mark]) -> Iterator[Mark]:
    last = -1
    for mark in marks:
        if mark.start >= last:
            yield mark
            last = mark.end


def presidio(path: Path) -> Iterator[tuple[int, Example]]:
    """(template, sentence) of Presidio's made sentences."""
    known = NAMES | {"DATE_TIME"}
    templates = [row["template_id"] for row in json.loads(path.read_text(encoding="utf-8"))]
    for template, labelled in zip(templates, read_labelled(path), strict=True):
        marks = tuple(mark if mark.entity in known else replace(mark, entity=UNKNOWN) for mark in labelled.marks)
        yield template, Example(labelled.text, marks, known, "presidio")
