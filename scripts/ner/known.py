"""The lists of first and last names that the model is told about: those that Faker has of its countries, as the words of a text are written."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from faker import Faker
from faker.config import AVAILABLE_LOCALES
from unidecode import unidecode

from lakedocs.redact.ner.known import FIRST, LAST, folded

_LISTS = ((re.compile(r"first(_\w+)?_names|first_names"), FIRST), (re.compile(r"last(_\w+)?_names|last_names"), LAST))
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST = 3
_READABLE = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff\u1e00-\u1eff]")
"""Letters of scripts that people write with Latin ones in one way only: Latin, Greek, Cyrillic."""
_PARTICLES = frozenset(["van", "von", "den", "der", "des", "del", "dos", "das", "della", "dalla", "san", "santa", "the", "and", "for", "mac"])


def write_lists(path: Path) -> None:
    """A word a line behind its kind, in order."""
    kinds: dict[str, int] = defaultdict(int)
    for name, kind in _names():
        for word in _WORD.findall(name):
            for written in {folded(word), folded(unidecode(word))} if _READABLE.match(word) else ():
                if len(written) >= _SHORTEST and written not in _PARTICLES:
                    kinds[written] |= kind
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{kind} {word}\n" for word, kind in sorted(kinds.items())), encoding="utf-8")


def _names() -> Iterator[tuple[str, int]]:
    for locale in sorted({*AVAILABLE_LOCALES} - {"fr_QC"}):  # another name of fr_CA
        for provider in Faker(locale).get_providers():
            if ".person" not in type(provider).__module__:
                continue
            for attribute in dir(provider):
                values = getattr(provider, attribute)
                for pattern, kind in _LISTS:
                    if pattern.fullmatch(attribute) and isinstance(values, (tuple, list, set, dict)):
                        yield from ((str(value), kind) for value in values)
