"""HTML as a person reads it: paragraphs, headings and rows, without scripts and styles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

from lxml import etree, html

from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import decoded
from lakedocs.extract.text.plain_text import bytes_of, noted, readable
from lakedocs.records import Place

_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "table", "blockquote", "pre", "ul", "ol", "section", "article", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_APART = frozenset({"p", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN = frozenset({"script", "style", "title", "noscript", "template"})
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,1000})", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n\s*\n+")
_HEAD_BYTES = 4096
_MARKS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^<>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two blank lines; `level` of a heading, else 0."""

    text: str = field(repr=False)
    level: int = 0


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with an HTML file.

    Raises:
        DocumentError: empty.
    """
    data = bytes_of(path, reading)
    text = readable(noted(decoded(data, charset_of(data)), reading), reading)
    if title := _TITLE.search(text):
        reading.add("property", unescape(title.group(1)), region="metadata", place=Place(part="title"))
    for block in blocks(text):
        if reading.full:
            return
        reading.add("heading" if block.level else "paragraph", block.text, level=block.level)


def charset_of(data: bytes) -> str:
    """The encoding that the markup says it is in; empty where it does not."""
    found = _CHARSET.search(data[:_HEAD_BYTES])
    return (found.group(1) or found.group(2)).decode("ascii") if found else ""


def html_text(markup: str) -> str:
    """HTML as lines of text, paragraphs apart by blank lines; comments are left out."""
    return "\n\n".join(block.text for block in blocks(markup))


def blocks(markup: str) -> list[Block]:
    """The paragraphs and headings of HTML in their order."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, huge_tree=True)
    try:
        root = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return []
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        # deeper than the parser goes (2,048 levels), which leaves out all that follows: the text without its marks
        return [Block(text) for part in _MARKS.sub("\n\n", markup).split("\n\n") if (text := _lines(unescape(part)))]
    found: list[Block] = []
    pieces: list[str] = []
    level = unseen = 0

    def close(next_level: int) -> None:
        nonlocal level
        found.extend(Block(text, level) for part in _BLANK_LINES.split("".join(pieces)) if (text := _lines(part)))
        pieces.clear()
        level = next_level

    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            unseen += tag in _UNSEEN
            if tag in _HEADINGS:
                close(_HEADINGS[tag])
            elif tag in _BLOCKS:
                pieces.append("\n\n" if tag in _APART else "\n")
            if node.text and not unseen:
                pieces.append(node.text if tag == "pre" else _SPACE.sub(" ", node.text))
        else:
            unseen -= tag in _UNSEEN
            if tag in _HEADINGS:
                close(0)
            elif tag in ("td", "th"):
                pieces.append(" | ")
            elif tag in _APART:
                pieces.append("\n\n")
            if node.tail and not unseen:
                pieces.append(_SPACE.sub(" ", node.tail))
    close(0)
    return found


def _lines(text: str) -> str:
    """Lines without the bars and space at their ends that empty cells leave."""
    return "\n".join(line for line in (line.strip(" |\t\xa0") for line in text.split("\n")) if line)
