"""Plain text and Markdown: paragraphs and headings, in letters that a person can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lakedocs.errors import DocumentError
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import Decoded, decoded, decoded_pieces, encoding_of, mended
from lakedocs.records import Flag, Status

_BYTES_OF_A_CHARACTER = 8
"""So much of a file is read for each character that is kept: four for its letter, the rest for empty cells and space."""
_PIECE_BYTES = 2**20
_NO_TEXT = "The file has no text."
_NOTHING = b"\x00 \r\n\t\xef\xbb\xbf\xff\xfe"
_BLANK_LINES = re.compile(r"\n[ \t]*\n+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c\x7f]")
_MOST_CONTROLS = 0.1
_HEAD_CHARS = 8192
_HEADING = re.compile(r"(#{1,6})\s+(\S.*?)\s*#*\Z")


def chunks_of(path: str, reading: Reading) -> Iterator[str]:
    """A file's text, some whole lines at a time, of a file with more than can be kept its beginning; its encoding is noted, and flagged as a guess.

    Raises:
        DocumentError: empty, or corrupt for bytes that are no text.
    """
    if Path(path).stat().st_size <= _PIECE_BYTES:
        yield readable(_checked(noted(decoded(bytes_of(path, reading)), reading)), reading)
        return
    texts = _texts(path, reading)
    rest = _checked(next(texts))
    for text in texts:
        # where lines end with a carriage return alone, the last one may be half of an end
        end = rest.rfind("\n") + 1 or rest.rfind("\r", 0, -1) + 1
        if end:
            yield readable(rest[:end], reading)
        elif len(rest) > reading.limits.text_mb * 1_000_000:
            reading.flag(Flag.TRUNCATED)
            break
        rest = rest[end:] + text
    yield readable(rest, reading)


def _checked(text: str) -> str:
    head = text[:_HEAD_CHARS]
    if len(_CONTROLS.findall(head)) > _MOST_CONTROLS * len(head):
        raise DocumentError(Status.CORRUPT, "The bytes are no text in any encoding.")
    return text


def _texts(path: str, reading: Reading) -> Iterator[str]:
    if not any(piece.strip(_NOTHING) for piece in _pieces(path, reading)):
        raise DocumentError(Status.EMPTY, _NO_TEXT)
    found = encoding_of(_pieces(path, reading))
    _note(found.name, found.confidence, found.is_guess, reading)
    for text in decoded_pieces(_pieces(path, reading), found):
        yield text.replace("\x00", "")


def _pieces(path: str, reading: Reading) -> Iterator[bytes]:
    """A file's bytes, whole lines of them where it has more than can be kept."""
    left = _most_bytes(reading)
    with open(path, "rb") as file:
        while data := file.read(min(_PIECE_BYTES, left)):
            left -= len(data)
            if not left and file.read(1):
                reading.flag(Flag.TRUNCATED)
                data = data[: data.rfind(b"\n") + 1 or None]
            yield data


def _most_bytes(reading: Reading) -> int:
    return reading.limits.text_mb * 1_000_000 * _BYTES_OF_A_CHARACTER


def bytes_of(path: str, reading: Reading) -> bytes:
    """A file's bytes, whole lines of them where it has more than can be kept.

    Raises:
        DocumentError: empty.
    """
    with open(path, "rb") as file:
        data = file.read(_most_bytes(reading))
        if file.read(1):
            reading.flag(Flag.TRUNCATED)
            data = data[: data.rfind(b"\n") + 1 or None]
    if not data.strip(_NOTHING):
        raise DocumentError(Status.EMPTY, _NO_TEXT)
    return data


def noted(found: Decoded, reading: Reading) -> str:
    """The text, its encoding recorded."""
    _note(found.encoding, found.confidence, found.is_guess, reading)
    return found.text.replace("\x00", "")


def _note(encoding: str, confidence: float, is_guess: bool, reading: Reading) -> None:
    reading.guess("encoding", encoding, confidence)
    if is_guess:
        reading.flag(Flag.GUESSED_ENCODING)


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
    """What blank lines separate; of a paragraph longer than all that is kept, so much."""
    last = ""
    for chunk in chunks_of(path, reading):
        *whole, last = _BLANK_LINES.split(last + chunk.replace("\r\n", "\n").replace("\r", "\n"))
        for paragraph in whole:
            if reading.full:
                return
            yield paragraph
        if len(last) > reading.limits.text_mb * 1_000_000:
            break
    yield last
