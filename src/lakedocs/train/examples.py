"""Labelled examples as people write them: JSONL or CSV, one example a line, bad lines refused with a reason."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakedocs.errors import SettingsError

MAX_CHARS = 8000
_SUFFIXES = (".jsonl", ".csv")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?")


@dataclass(frozen=True)
class Example:
    """A text with its label; examples of one `group` (a template, a document) never stand on both sides of a split."""

    line: int
    text: str
    label: str
    group: str = ""
    language: str = ""


@dataclass(frozen=True)
class Refusal:
    """A line that is no example; the reason quotes nothing of it."""

    line: int
    reason: str


def read_examples(path: Path, labels: Sequence[str]) -> Iterator[Example | Refusal]:
    """The examples of a file in its order, and what was refused.

    Args:
        path: .jsonl with an object a line, or .csv with a header; fields text, label, and if known group, language.
        labels: the labels that there are; their position may stand for them.

    Raises:
        SettingsError: when the file can't be read to its end.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            records = _objects(file) if path.suffix == ".jsonl" else _rows(file)
            for line, record in records:
                yield _checked(line, record, labels)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path.name} can't be read: it must be a UTF-8 text file, its quotes closed.") from error


def check_file(path: Path) -> None:
    """Nothing, where a file can hold examples: asked before workers read it.

    Raises:
        SettingsError: saying what is wrong with its kind, or its header.
    """
    if path.suffix not in _SUFFIXES:
        raise SettingsError(f"{path.name} is not read: examples come as .jsonl or .csv.")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            if path.suffix == ".jsonl":
                file.readline()
            elif missing := {"text", "label"} - set(csv.DictReader(file).fieldnames or ()):
                raise SettingsError(f"{path.name} lacks the column {' and '.join(sorted(missing))} in its header.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path.name} can't be read: it must be a UTF-8 text file.") from error


def _objects(file: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        yield number, found if isinstance(found, dict) else None


def _rows(file: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    reader = csv.DictReader(file)
    for row in reader:
        yield reader.line_num, row


def _checked(line: int, record: Mapping[str, Any] | None, labels: Sequence[str]) -> Example | Refusal:
    if record is None:
        return Refusal(line, "not a JSON object")
    text, label = record.get("text"), record.get("label")
    if not isinstance(text, str) or not text.strip():
        return Refusal(line, "no text")
    if len(text) > MAX_CHARS:
        return Refusal(line, f"longer than {MAX_CHARS} characters")
    name = str(label).strip().lower()
    if name.isdecimal() and int(name) < len(labels):
        name = labels[int(name)]
    if name not in labels:
        return Refusal(line, f"its label is none of {', '.join(labels)}")
    language = str(record.get("language") or "")
    if language and not _LANGUAGE.fullmatch(language):
        return Refusal(line, "its language is no code such as en or nl-BE")
    return Example(line, " ".join(text.split()), name, str(record.get("group") or ""), language)


def split_of(group: str, test_share: float, validation_share: float) -> str:
    """`test`, `validation` or `train`: by a hash of the group, so that it is the same whatever else there is."""
    point = int(hashlib.sha256(group.encode("utf-8")).hexdigest()[:8], 16) / 2**32
    if point < test_share:
        return "test"
    return "validation" if point < test_share + validation_share else "train"
