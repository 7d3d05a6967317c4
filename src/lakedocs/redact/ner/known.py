"""Which words stand in lists of first and last names of many countries; the model is told, and decides by what stands around them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from lakedocs.errors import ModelError
from lakedocs.redact.ner.files import LISTS

NEITHER, FIRST, LAST, BOTH = range(4)
KINDS = 4
_SHORTEST_INSIDE = 5
"""Letters of a first name with which a user name in small letters begins: `brianklaas`."""
_INNER_WORD = re.compile(r"[A-Z][a-z]{2,}")


def folded(word: str) -> str:
    """A word without its accents and capitals."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter)).casefold()


@lru_cache(maxsize=100_000)
def kind_of(word: str) -> int:
    """In which of the lists a word stands."""
    return _lists().get(folded(word), NEITHER)


@lru_cache(maxsize=20_000)
def kind_of_user(name: str) -> int:
    """In which of the lists a user name stands, or what it is made of: JessieBelnap, brianklaas."""
    kind = kind_of(name)
    if kind:
        return kind
    if any(kind_of(word) & FIRST for word in _INNER_WORD.findall(name)):
        return FIRST
    small = folded(name)
    return FIRST if any(_lists().get(small[:end], 0) & FIRST for end in range(_SHORTEST_INSIDE, len(small))) else NEITHER


@cache
def _lists() -> dict[str, int]:
    try:
        rows = (line.split(" ", 1) for line in LISTS.read_text(encoding="utf-8").splitlines())
        return {word: int(kind) for kind, word in rows}
    except (OSError, ValueError) as error:
        raise ModelError("The lists of names of the embedded model are not there; install lakedocs anew.") from error
