"""RTF as text: files, and the bodies that Outlook keeps; headers, footers and notes apart from what they stand beside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import row_text
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.compressed import decompressed
from lakedocs.extract.text.plain_text import bytes_of, readable
from lakedocs.records import Flag, Status

_BESIDE = re.compile(r"\{\s*(?:\\\*)?\\(header[lrf]?|footer[lrf]?|footnote|annotation|shptxt)\b ?")
_REGIONS = {"header": "header", "footer": "footer", "footnote": "footnote", "annotation": "comment", "shptxt": "text_box"}
_MOST_NESTED = 3
"""A footnote in a text box in a header; each is looked through from its beginning to its end."""
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_PROLOGUE = re.compile(r"\\(?:ansicpg\d+|ansi|mac|pca?)\b")
_FONTS = re.compile(r"\{[^{}]*\\fonttbl")
_BINARY = re.compile(r"\\bin\d")
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with an RTF file.

    Raises:
        DocumentError: empty or corrupt.
    """
    source = bytes_of(path, reading).decode("latin-1")
    for line in _shown(source, reading).split("\n"):
        if line.rstrip().endswith("|"):
            reading.add("table_row", row_text(" ".join(cell.split()) for cell in line.rstrip().removesuffix("|").split("|") if cell.strip()))
        else:
            reading.add("paragraph", line)
    for region, text in _groups(source, reading):
        reading.add("paragraph", _shown(text, reading), region=region)


def text_of_body(compressed: bytes) -> str:
    """The text of a body as MAPI keeps it, compressed; empty where it is damaged."""
    try:
        return _text(decompressed(compressed).decode("latin-1"))
    except DocumentError:
        return ""


def _shown(source: str, reading: Reading) -> str:
    return readable(_text(source), reading)


def _text(source: str) -> str:
    try:
        return str(rtf_to_text(source, errors="replace"))
    except _BROKEN as error:
        raise DocumentError(Status.CORRUPT, "The RTF can't be read.") from error


def _groups(source: str, reading: Reading) -> Iterator[tuple[str, str]]:
    """What stands beside the text, each with its region, as an RTF of its own."""
    if _BINARY.search(source):
        return  # braces may be bytes of a picture
    prologue = " ".join(_PROLOGUE.findall(source[:2000]))
    fonts = ""
    if (start := _FONTS.search(source)) is not None:
        fonts = source[start.start() : _end_of_group(source, start.end())]
    ends: list[int] = []
    for match in _BESIDE.finditer(source):
        while ends and ends[-1] <= match.start():
            ends.pop()
        if len(ends) == _MOST_NESTED:
            reading.flag(Flag.TRUNCATED)
            continue
        ends.append(_end_of_group(source, match.end()))
        body = source[match.end() : ends[-1]].removesuffix("}")
        kind = match.group(1)
        region = _REGIONS.get(kind) or _REGIONS[kind[:6]]
        yield region, f"{{\\rtf1{prologue}{fonts} {body}}}"


def _end_of_group(source: str, start: int) -> int:
    depth = 1
    for brace in _BRACE.finditer(source, start):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if depth == 0:
            return brace.end()
    return len(source)
