"""What the model learns from and what it is scored on: the public data sets, and what is made for it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scripts.ner import sources
from scripts.ner.examples import LABELS, UNKNOWN, Example
from scripts.ner.fitting import Array, Row
from scripts.ner.sentences import Maker, plain_text, running_text

from lakedocs.redact.evaluate.labelled import Mark
from lakedocs.redact.ner.reading import Reading, listed, read

_EXAMPLES = Path(__file__).parents[2] / "conf" / "training_examples.jsonl"
_TIMES_MESSAGES = 2
"""They are few beside court decisions, and harder."""
_TIMES_VARIED = 2
_UNLISTED = {"made": 0.5}
_UNLISTED_ELSEWHERE = 0.1
"""Share of the listed names that the model is not told are listed: made sentences take their names from the very lists."""


def gathered(data: Path, made: int, seed: int, *, all_of_it: bool = False) -> tuple[list[Example], dict[str, list[Example]]]:
    """What to learn from, and what to score on: whole documents, whole templates, WNUT's own test split, another seed's sentences.

    Args:
        data: folder with ner/ and pii/.
        made: sentences to make.
        all_of_it: learn from what is held out, too; the scores then say nothing.
    """
    train: list[Example] = []
    held_out: dict[str, list[Example]] = {"crossner": [], "tab": [], "presidio": []}
    for path in sorted((data / "ner").glob("crossner_*.txt")):
        examples = list(sources.columns(path, "crossner"))
        is_test = path.stem in ("crossner_politics_test", "crossner_literature_dev")
        (held_out["crossner"] if is_test else train).extend(examples)
    messages = [sources.with_users(example) for example in sources.columns(data / "ner" / "wnut17train.conll", "wnut")]
    train.extend(messages * _TIMES_MESSAGES)
    held_out["wnut"] = list(sources.columns(data / "ner" / "wnut17test.conll", "wnut"))
    for key, example in sources.tab(data / "pii" / "tab_train.jsonl"):
        (held_out["tab"] if _one_in(6, key) else train).append(example)
    for template, example in sources.presidio(data / "pii" / "presidio_generated_large.json"):
        (held_out["presidio"] if _one_in(5, str(template)) else train).append(example)
    if all_of_it:
        train.extend([*held_out["crossner"], *held_out["tab"], *held_out["presidio"]])
        train.extend([sources.with_users(example) for example in held_out["wnut"]] * _TIMES_MESSAGES)
    running = running_text(_EXAMPLES, lambda group: all_of_it or not _one_in(5, group))
    unseen = running_text(_EXAMPLES, lambda group: _one_in(5, group), with_own=False)
    train.extend(Maker(seed, running).examples(made))
    held_out["made"] = list(Maker(seed + 1, running).examples(800))
    held_out["no names"] = [plain_text(text) for texts in unseen.values() for text in texts]
    maker, chance = Maker(seed + 2, running), random.Random(seed)
    train.extend([other for _ in range(_TIMES_VARIED) for other in _varied(tuple(train), maker, chance)])
    return train, held_out


def rows(tokenizer: Any, examples: Sequence[Example], seed: int) -> list[Row]:
    """The windows of the examples as the network reads them."""
    found = []
    chance = random.Random(seed)
    for example in examples:
        reading = read(tokenizer, example.text, _forgetful(chance, _UNLISTED.get(example.source, _UNLISTED_ELSEWHERE)))
        may = _allowed(reading, example)
        found += [Row(reading.ids[part], reading.shapes[part], may[part]) for part in reading.windows() if part.stop > part.start]
    return found


def _one_in(parts: int, key: str) -> bool:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % parts == 0


def _varied(examples: Sequence[Example], maker: Maker, chance: random.Random) -> Iterator[Example]:
    """Some of them again, with other people's names, in capitals, or in small letters."""
    for example in examples:
        if example.source == "made" or not example.spans:
            continue
        named = any(span.entity == "PERSON" for span in example.spans)
        if chance.random() < 0.35 and named:
            other = _renamed(example, maker)
        elif chance.random() > 0.25:
            continue
        else:
            other = example
        way = chance.random()
        text = other.text.upper() if way < 0.35 else other.text.lower() if way < 0.5 else other.text
        if len(text) == len(other.text):
            yield replace(other, text=text)


def _renamed(example: Example, maker: Maker) -> Example:
    pieces, spans, end, shift = [], [], 0, 0
    for span in example.spans:
        old = example.text[span.start : span.end]
        new = old
        if span.entity == "PERSON":
            new = maker.person() if " " in old else maker.last()
        pieces += [example.text[end : span.start], new]
        spans.append(Mark(span.start + shift, span.start + shift + len(new), span.entity))
        shift += len(new) - len(old)
        end = span.end
    return replace(example, text="".join([*pieces, example.text[end:]]), spans=tuple(spans))


def _allowed(reading: Reading, example: Example) -> Array:
    """(pieces, labels): which labels a piece may have; none where the loss leaves it out."""
    found = np.zeros((len(reading.ids), len(LABELS)), dtype=bool)
    silent = [n for n, label in enumerate(LABELS) if label == "O" or label[2:] not in example.annotated]
    spans = list(example.spans)
    inside = ""
    for place, (start, end) in enumerate(reading.offsets):
        while spans and spans[0].end <= start:
            spans.pop(0)
        if not reading.begins[place]:
            continue
        span = spans[0] if spans and spans[0].start < end else None
        if span is None:
            found[place, silent] = True
            inside = ""
        elif span.entity != UNKNOWN:
            key = f"{span.start}"
            found[place, LABELS.index(f"{'I' if inside == key else 'B'}-{span.entity}")] = True
            inside = key
    return found


def _forgetful(chance: random.Random, share: float) -> Callable[[str, bool], int]:
    """What the lists say of a word, or that share of the time nothing."""
    return lambda word, is_user: 0 if chance.random() < share else listed(word, is_user)
