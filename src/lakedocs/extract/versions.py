"""The version of each parser: raise one when its output changes, and the files that it reads are read again."""

from __future__ import annotations

_VERSIONS = {"word": 4, "sheet": 4, "slides": 4, "pdf": 5, "mail": 4, "text_table": 4, "text": 1, "old_word": 1, "old_slides": 1, "old_sheet": 1}
ALL = tuple(f"{name}/{number}" for name, number in sorted(_VERSIONS.items()))


def label(parser: str) -> str:
    """A parser with its version, as tables name it."""
    return f"{parser}/{_VERSIONS[parser]}"
