"""Plain text and Markdown: paragraphs and headings, in letters that a person can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lakedocs.errors import DocumentError
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import Decoded, decoded, mended
from lakedocs.records import Flag, Status

_BYTES_OF_A_CHARACTER = 8
"""So much of a file is read for each character that is kept: four for its letter, the rest for empty cells and space."""
_NOTHING = b"\x00 \r\n\t\xef\xbb\xbf\xff\xfe"
_BLANK_LINES = re.compile(r"\n[ \t]*\n+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c\x7f]")
_MOST_CONTROLS = 0.1
_HEAD_CHARS = 8192
_HEADING = re.compile(r"(#{1,6})\s+(\S.*?)\s*#*\Z")


def text_of(path: str, reading: Reading) -> str:
    """A file's text; its encoding is noted, and flagged where it is a guess. Of a file with more than can be kept, its beginning.

    Raises:
        DocumentError: empty, or corrupt for bytes that are no text.
    """
    text = noted(decoded(bytes_of(path, reading)), reading)
    head = text[:_HEAD_CHARS]
    if len(_CONTROLS.findall(head)) > _MOST_CONTROLS * len(head):
        raise DocumentError(Status.CORRUPT, "The bytes are no text in any encoding.")
    return readable(text, reading)


def bytes_of(path: str, reading: Reading) -> bytes:
    """A file's bytes, whole lines of them where it has more than can be kept.

    Raises:
        DocumentError: empty.
    """
    most = reading.limits.text_mb * 1_000_000 * _BYTES_OF_A_CHARACTER
    with open(path, "rb") as file:
        data = file.read(most)
        if file.read(1):
            reading.flag(Flag.TRUNCATED)
            data = data[: data.rfind(b"\n") + 1 or None]
    if not data.strip(_NOTHING):
        raise DocumentError(Status.EMPTY, "The file has no text.")
    return data


def noted(found: Decoded, reading: Reading) -> str:
    """The text, its encoding recorded."""
    reading.guess("encoding", found.encoding, found.confidence)
    if found.is_guess:
        reading.flag(Flag.GUESSED_ENCODING)
    return found.text.replace("\x00", "")


def readable(text: str, reading: Reading) -> str:
    """The text without mojibake, of which a flag tells."""
    better = mended(text)
    if better is None:
        return text
    reading.flag(Flag.MENDED_ENCODING)
    return better


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes of a file are written for people: no control character but those of lines, in whatever encoding."""
    text = decoded(head).text
    return bool(text.strip()) and not _CONTROLS.search(text)


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a text's paragraphs.

    Raises:
        DocumentError: empty, or corrupt for bytes that are no text.
    """
    for paragraph in _paragraphs(path, reading):
        reading.add("paragraph", paragraph)


def read_markdown(path: str, reading: Reading) -> None:
    """Fill `reading` with the paragraphs and marked headings of a Markdown file.

    Raises:
        DocumentError: empty, or corrupt for bytes that are no text.
    """
    for paragraph in _paragraphs(path, reading):
        first, _, rest = paragraph.strip().partition("\n")
        if (heading := _HEADING.match(first)) is not None:
            reading.add("heading", heading.group(2), level=len(heading.group(1)))
        reading.add("paragraph", paragraph if heading is None else rest)


def _paragraphs(path: str, reading: Reading) -> Iterator[str]:
    text = text_of(path, reading).replace("\r\n", "\n").replace("\r", "\n")
    for paragraph in _BLANK_LINES.split(text):
        if reading.full:
            return
        yield paragraph
