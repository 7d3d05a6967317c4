"""What mails of every format share: a header's elements, and the paragraphs of a body that exists once."""

from __future__ import annotations

import re

from lakedocs.extract.reading import Reading
from lakedocs.extract.text.markup import html_text
from lakedocs.extract.text.plain_text import readable
from lakedocs.records import Place

_HEADER_PIECE = 1000
_BLANK_LINES = re.compile(r"\n\s*\n+")
_ENTRY = re.compile(r"(?<=[;,])\s+")
_STUB_WORDS, _FAR_MORE, _AT_LEAST = 100, 3, 30


def add_header(reading: Reading, name: str, value: str) -> None:
    """A header under its name, long lists of people in pieces; the subject is the mail's heading."""
    value = " ".join(readable(value.replace("\x00", ""), reading).split())
    if not value:
        return
    if name == "Subject":
        reading.add("heading", value, level=1, region="mail_header", place=Place(part="subject"))
        return
    for piece in _in_pieces(name, value):
        reading.add("mail_header", piece, region="mail_header", place=Place(part=name.lower()))


def _in_pieces(name: str, value: str) -> list[str]:
    """A header, each piece with its name: what is known of people in headers must hold for the last of a long list, too."""
    pieces: list[str] = []
    for entry in _ENTRY.split(value):
        if pieces and len(pieces[-1]) + len(entry) < _HEADER_PIECE:
            pieces[-1] += f" {entry}"
        else:
            pieces.append(f"{name}: {entry}")
    return pieces


def add_paragraphs(reading: Reading, text: str, part: str = "body") -> None:
    """The blank-line separated paragraphs of a mail body."""
    text = readable(text.replace("\x00", ""), reading).replace("\r\n", "\n").replace("\r", "\n")
    for paragraph in _BLANK_LINES.split(text):
        reading.add("paragraph", paragraph, place=Place(part=part))


def one_body(plain: str, markup: str) -> str:
    """The plain text, or the text of the HTML where there is no other, or the other is a stub that asks for a program that shows HTML."""
    words = len(plain.split())
    if not markup or words >= _STUB_WORDS:
        return plain
    seen = html_text(markup)
    return seen if len(seen.split()) > max(words * _FAR_MORE, words + _AT_LEAST if words else 0) else plain
