"""What a model reads of a passage: the same characters at the same places, without marks that cost tokens and mean nothing."""

from __future__ import annotations

import re

VERSION = "read/1"
"""Part of every model's key: vectors of texts read differently are not compared."""

_MARKS = str.maketrans({"|": " ", "<": " ", ">": " ", "_": " "})
_NEGLIGIBLE = re.compile(r"(?<![\d.])(?:\d{3,}(\.\d+)|\d{1,2}\.\d(\d+))(?![\d.])")


def as_read(text: str) -> str:
    """The text with column marks, the brackets of replacements and decimals that no meaning hangs on as spaces; its length stays.

    Of 104.445 stays 104, of 74.78 stays 74.7; on real spreadsheets nearly half of all tokens go, and with them half of the time.
    """
    return _NEGLIGIBLE.sub(_blanked, text.translate(_MARKS))


def _blanked(match: re.Match[str]) -> str:
    group = 1 if match.group(1) else 2
    kept = match.start(group) - match.start()
    return match.group()[:kept] + " " * (len(match.group()) - kept)
