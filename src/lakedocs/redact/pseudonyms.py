"""One person, one pseudonym: values are brought to one form before they are hashed, so that ways of writing do not tell them apart."""

from __future__ import annotations

import re
import unicodedata

from lakedocs.keys import keyed_hash
from lakedocs.redact.looks import as_words

TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "dhr", "mevr", "sr", "sra", "mme", "mlle"])
_BETWEEN_WORDS = re.compile(r"[\s!-/:-@\[-`{-~·‘’“”–—]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
"""Of Latin, Greek and Cyrillic letters; the marks of other scripts are vowels."""
_POSSESSIVE = re.compile(r"['’]s\b")
_FEWEST_DIGITS = 4
_HEX_DIGITS = 12


def token(key: bytes, entity: str, value: str) -> str:
    """What stands for a value: `<PERSON_7f3a91c2d4e5>`."""
    return f"<{entity}_{keyed_hash(key, entity, value)[:_HEX_DIGITS]}>"


def one_form(entity: str, value: str) -> str:
    """A value without what differs between ways of writing it: case, spacing, accents; of a person also titles and the order of the names, of a
    number what groups its digits."""
    if entity == "PERSON":
        words = [word for word in _BETWEEN_WORDS.split(_POSSESSIVE.sub("", _plain(value))) if word]
        return " ".join(sorted(word for word in words if word not in TITLES) or words)
    if "@" not in value and sum(map(str.isdigit, value)) >= _FEWEST_DIGITS:
        return _BETWEEN_WORDS.sub("", _plain(value))
    return " ".join(_plain(value).split())


def _plain(value: str) -> str:
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", as_words(value).casefold()))
