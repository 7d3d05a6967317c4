"""Writes conf/training_examples.jsonl: labelled sentences of tax, audit and legal work, made for this project.

    python scripts/make_examples.py

The templates are in scripts/training_examples, a file for each language. A sentence and its variants share a group, so that no
split has one of them on either side.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

VARIANTS = 3
TEMPLATES = Path(__file__).parent / "training_examples"
TARGET = Path(__file__).parents[1] / "conf" / "training_examples.jsonl"


def variants(sentence: str, slots: Mapping[str, Sequence[str]], seed: str) -> list[str]:
    """The sentence with other words in its slots; one alone where it has no slot."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    for _ in range(VARIANTS * 3):
        text = sentence
        for name, words in slots.items():
            while f"{{{name}}}" in text:
                text = text.replace(f"{{{name}}}", chance.choice(words), 1)
        found[text[0].upper() + text[1:]] = None
    return list(found)[:VARIANTS]


def examples(path: Path) -> Iterator[dict[str, str]]:
    """All examples of a language."""
    made = yaml.safe_load(path.read_text(encoding="utf-8"))
    for label, sentences in made["sentences"].items():
        for number, sentence in enumerate(sentences):
            group = f"{label}-{path.stem}-{number:02d}"
            for text in variants(sentence, made["slots"], group):
                yield {"text": text, "label": label, "group": group, "language": path.stem}


def main() -> None:
    """Write the file."""
    found = [example for path in sorted(TEMPLATES.glob("*.yml")) for example in examples(path)]
    TARGET.write_text("".join(json.dumps(example, ensure_ascii=False) + "\n" for example in found), encoding="utf-8")
    print(f"{len(found)} examples in {len({example['group'] for example in found})} groups")


if __name__ == "__main__":
    main()
