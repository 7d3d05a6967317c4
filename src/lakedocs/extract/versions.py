"""The version of each parser: raise one when its output changes, and the files that it reads are read again (`source.read_again`)."""

from __future__ import annotations

_VERSIONS = {
    "kinds": 1,
    "word": 4,
    "sheet": 4,
    "slides": 4,
    "pdf": 6,
    "mail": 6,
    "text_table": 4,
    "text": 2,
    "old_word": 1,
    "old_slides": 1,
    "old_sheet": 2,
    "open_document": 1,
}
"""`kinds` tells formats apart, and refuses what no parser reads."""
UNFINISHED = f"unfinished/{sum(_VERSIONS.values())}"
"""Of what was killed or died while it was read: nobody knows by which parser, so that a new version of any may help."""
ALL = (*(f"{name}/{number}" for name, number in sorted(_VERSIONS.items())), UNFINISHED)


def label(parser: str) -> str:
    """A parser with its version, as tables name it."""
    return f"{parser}/{_VERSIONS[parser]}"
