"""The version of each parser: raise one when its output changes, and the files that it reads are read again (`source.read_again`)."""

from __future__ import annotations

_VERSIONS = {"kinds": 1, "word": 3, "sheet": 3, "slides": 3, "pdf": 5, "mail": 3, "text_table": 3}
"""`kinds` tells formats apart, and refuses what no parser reads."""
UNFINISHED = f"unfinished/{sum(_VERSIONS.values())}"
"""Of what was killed or died while it was read: nobody knows by which parser, so that a new version of any may help."""
ALL = (*(f"{name}/{number}" for name, number in sorted(_VERSIONS.items())), UNFINISHED)


def label(parser: str) -> str:
    """A parser with its version, as tables name it."""
    return f"{parser}/{_VERSIONS[parser]}"
