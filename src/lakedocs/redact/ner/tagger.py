"""Finds names with the embedded model: ONNX Runtime, eight bits, made by `make ner` (see MODEL_CARD.md)."""

from __future__ import annotations

import gzip
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lakedocs.errors import ModelError, SettingsError
from lakedocs.redact.ner.files import FOLDER, NAMES, NETWORK, checksum, model_facts
from lakedocs.redact.ner.reading import Reading, read

_JOINS = frozenset(".-'’&/")
"""Characters that belong to a name when both sides of them do."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)+")
"""Written with marks, of which each is a word to the model."""

Probabilities = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Name:
    """Characters start to end (exclusive) of a text, what they are, and how sure the model is of the surest word."""

    start: int
    end: int
    entity: str
    score: float


class Tagger:
    """The model in this process.

    Args:
        folder: model.onnx.gz, tokenizer.json, names.txt, model.json.
        threads: 0: as many as there are cores.

    Raises:
        ModelError: when the folder does not hold it, or it is damaged.
    """

    def __init__(self, folder: Path = FOLDER, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        facts = model_facts(folder)
        if checksum(folder) != facts.sha256:
            raise ModelError("The embedded model that finds names is damaged; install lakedocs anew.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(gzip.decompress((folder / NETWORK).read_bytes()), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.entities = facts.entities
        self._columns = [[n for n, label in enumerate(facts.labels) if label[2:] == entity] for entity in self.entities]
        self._start, self._end = facts.start_id, facts.end_id

    def names(self, text: str, least: Mapping[str, float], *shares: float) -> tuple[list[Name], ...]:
        """The names in a text, in order; then those that there would be if the model had to be only so sure, for each of `shares`.

        Args:
            least: for each wanted entity, how sure the model must be of a word.
            shares: of `least`.

        Raises:
            SettingsError: for an entity that the model does not know.
        """
        if unknown := set(least) - set(self.entities):
            raise SettingsError(f"The embedded model does not know {', '.join(sorted(unknown))}; it knows {', '.join(self.entities)}.")
        reading = read(self._tokenizer, text)
        if set(least) <= set(NAMES):
            reading = reading.near_letters()
        if not len(reading.ids):
            return tuple([] for _ in (1, *shares))
        found = self._probabilities(reading)
        wanted = [(n, least[entity]) for n, entity in enumerate(self.entities) if entity in least]
        numbers = [] if set(least) <= set(NAMES) else [number.span() for number in _NUMBER.finditer(text)]
        return tuple(
            [_with_numbers(name, numbers) for name in self._joined(text, reading, found, [(n, bar * share) for n, bar in wanted])]
            for share in (1, *shares)
        )

    def _probabilities(self, reading: Reading) -> Probabilities:
        """(pieces, entities). Each window by itself: activations are rounded by what else is in a batch, and a text must read the same in any
        company; for windows of this length a batch saves no time."""
        found = np.zeros((len(reading.ids), len(self.entities)), dtype=np.float32)
        for part in reading.windows():
            ids = np.concatenate(([self._start], reading.ids[part], [self._end]))[None]
            shapes = np.concatenate(([0], reading.shapes[part], [0]))[None]
            said = self._session.run(None, {"input_ids": ids, "shapes": shapes, "attention_mask": np.ones_like(ids)})[0][0, 1:-1]
            found[part] = np.stack([said[:, columns].sum(axis=1) for columns in self._columns], axis=1)
        return found

    def _joined(self, text: str, reading: Reading, found: Probabilities, wanted: Sequence[tuple[int, float]]) -> Iterator[Name]:
        """Words next to each other that are the same kind of thing, as one name."""
        open_name: Name | None = None
        for start, end, entity, score in self._words(reading, found, wanted):
            between = text[open_name.end : start] if open_name else ""
            joins = open_name is not None and open_name.entity == entity and not set(between.replace(" ", "")) - _JOINS and len(between) <= 3
            if open_name is not None and joins:
                open_name = Name(open_name.start, end, entity, max(open_name.score, score))
                continue
            if open_name:
                yield open_name
            open_name = Name(start, end, entity, score)
        if open_name:
            yield open_name

    def _words(self, reading: Reading, found: Probabilities, wanted: Sequence[tuple[int, float]]) -> Iterator[tuple[int, int, str, float]]:
        """Start, end, entity and score of each word that is one; the model judges a word by its first piece."""
        first = np.flatnonzero(reading.begins)
        passes = np.stack([found[first, n] >= bar for n, bar in wanted], axis=1)
        for number in np.flatnonzero(passes.any(axis=1)):
            place = first[number]
            last = first[number + 1] - 1 if number + 1 < len(first) else len(reading.ids) - 1
            score, n = max((float(found[place, n]), n) for (n, _), good in zip(wanted, passes[number], strict=True) if good)
            yield reading.offsets[place][0], _with_marks(reading.text, reading.offsets[last][1]), self.entities[n], score


def _with_numbers(name: Name, numbers: Sequence[tuple[int, int]]) -> Name:
    """A name to the ends of the numbers at its edges: half of an amount that is hidden leaves the other half. The numbers are in order."""
    first = bisect_right(numbers, name.start, key=lambda number: number[1])
    last = bisect_left(numbers, name.end, key=lambda number: number[0]) - 1
    if first > last:
        return name
    return replace(name, start=min(name.start, numbers[first][0]), end=max(name.end, numbers[last][1]))


def _with_marks(text: str, end: int) -> int:
    """Behind the accents and invisible characters that the last letter bears: no piece of the vocabulary has them."""
    while end < len(text) and unicodedata.category(text[end]) in ("Mn", "Me", "Cf"):
        end += 1
    return end
