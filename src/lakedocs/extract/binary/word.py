"""Word 97-2003 (and 6 and 95) documents: body, headers, notes, comments and text boxes, each told from the others; deletions apart.

The text of such a file is one run of characters, cut into pieces that lie anywhere in it (MS-DOC 2.4.1); the regions follow each other in that
run, and the properties of paragraphs and characters stand in pages of their own. Why no library does this stands in
docs/decisions/0025-binary-office-files.md.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from lakedocs.errors import DocumentError
from lakedocs.extract.binary.container import add_beside, opened, stream
from lakedocs.extract.cells import row_text
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import decoded
from lakedocs.records import Flag, Place, Status

_WORD_97, _OLDER = 0xA5EC, 0xA5DC
_FIRST_OF_97 = 193
_ENCRYPTED, _SECOND_TABLE, _IN_PIECES = 0x0100, 0x0200, 0x0004
_REGIONS = ("body", "footnote", "header", "macro", "comment", "endnote", "text_box", "text_box")
_KINDS = {"header": "header", "footer": "footer", "footnote": "footnote", "endnote": "footnote", "comment": "comment"}
_HEADER_STORIES = ("header", "header", "footer", "footer", "header", "footer")
_SEPARATORS = 6
"""The first stories of the headers: lines above notes, and what announces that notes go on."""
_PAGE = 512
_HEADING_STYLES = range(1, 10)
_IN_TABLE, _ROW_END, _DELETED, _HIDDEN = 0x2416, 0x2417, 0x0800, 0x083C
_OPERAND_BYTES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_TABLE_DEFINITION, _TAB_STOPS, _UNTOLD = 0xD608, 0xC615, 255
_FIELD_BEGIN, _FIELD_RESULT, _FIELD_END = "\x13", "\x14", "\x15"
_CELL_END, _MOST_PIECES = "\x07", 1_000_000
_SHOWN = {
    **dict.fromkeys((*range(9), *range(14, 30), 31)),
    ord("\x0b"): "\n",
    ord("\x0c"): "\n",
    ord("\x1e"): "-",
    ord("\xa0"): " ",
    ord("\t"): " ",
}
"""What stands for the signs of line ends and hyphens; pictures, notes and marks have none."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the text: its first character's number, and where it lies in the stream."""

    first: int
    offset: int
    width: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Runs:
    """What pages of properties say: from which byte on which holds."""

    starts: list[int]
    values: list[tuple[int, frozenset[int]]]

    def at(self, offset: int) -> tuple[int, frozenset[int]]:
        """The style and the set switches at a byte of the stream."""
        index = bisect_right(self.starts, offset) - 1
        return self.values[index] if index >= 0 else (0, frozenset())


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a binary Word document.

    Raises:
        DocumentError: corrupt or encrypted.
    """
    with opened(path) as ole:
        main = stream(ole, "WordDocument")
        try:
            _read(main, {name: stream(ole, name) for name in ("0Table", "1Table")}, reading)
        except (struct.error, IndexError) as error:
            raise DocumentError(Status.CORRUPT, "The document's tables of text point nowhere.") from error
        add_beside(ole, reading)


def _read(main: bytes, tables: dict[str, bytes], reading: Reading) -> None:
    magic, version, switches = struct.unpack_from("<HH6xH", main)
    if magic not in (_WORD_97, _OLDER):
        raise DocumentError(Status.CORRUPT, "It does not begin as a Word document does.")
    if switches & _ENCRYPTED:
        raise DocumentError(Status.ENCRYPTED, "The document needs a password.")
    if magic == _OLDER or version < _FIRST_OF_97:
        counts = struct.unpack_from("<8i", main, 0x34)
        pieces = _older_pieces(main, bool(switches & _IN_PIECES), sum(map(_count, counts)))
        _Document(pieces, _Runs([], []), _Runs([], []), counts, [], reading).add()
        return
    table = tables["1Table" if switches & _SECOND_TABLE else "0Table"] or tables["0Table"] or tables["1Table"]
    counts = struct.unpack_from("<8i", main, 0x4C)
    pieces = _pieces(main, table[slice(*_where(main, 33))])
    if not pieces and any(map(_count, counts)):
        raise DocumentError(Status.CORRUPT, "The document's table of text can't be read.")
    paragraphs, characters = _runs(main, table[slice(*_where(main, 13))], 13), _runs(main, table[slice(*_where(main, 12))], 1)
    _Document(pieces, paragraphs, characters, counts, _positions(table[slice(*_where(main, 11))]), reading).add()


def _where(main: bytes, index: int) -> tuple[int, int]:
    """Where the table with this number in the file's head lies in the table stream."""
    start, size = struct.unpack_from("<II", main, 0x9A + 8 * index)
    return start, start + size


def _count(value: int) -> int:
    return max(value, 0)


def _positions(table: bytes) -> list[int]:
    return list(struct.unpack_from(f"<{len(table) // 4}I", table))


def _pieces(main: bytes, clx: bytes) -> list[_Piece]:
    place = 0
    while place + 3 <= len(clx) and clx[place] == 1:
        place += 3 + int.from_bytes(clx[place + 1 : place + 3], "little")
    if place + 5 > len(clx) or clx[place] != 2:
        return []
    size = int.from_bytes(clx[place + 1 : place + 5], "little")
    table = clx[place + 5 : place + 5 + size]
    number = min((len(table) - 4) // 12, _MOST_PIECES)
    firsts = struct.unpack_from(f"<{number + 1}I", table)
    pieces = []
    for index, (first, last) in enumerate(pairwise(firsts)):
        (where,) = struct.unpack_from("<I", table, 4 * (number + 1) + 8 * index + 2)
        is_narrow = bool(where & 0x40000000)
        offset, width = ((where & 0x3FFFFFFF) // 2, 1) if is_narrow else (where & 0x3FFFFFFF, 2)
        data = main[offset : offset + max(last - first, 0) * width]
        pieces.append(_Piece(first, offset, width, data.decode("cp1252" if is_narrow else "utf-16-le", "replace")))
    return pieces


def _older_pieces(main: bytes, is_in_pieces: bool, length: int) -> list[_Piece]:
    """Word 6 and 95: letters of a byte, in the code page of who wrote it."""
    (start,) = struct.unpack_from("<I", main, 0x18)
    if not is_in_pieces:
        data = main[start : start + length]
        return [_Piece(0, start, 1, _aligned(data))]
    (clx, size) = struct.unpack_from("<II", main, 0x160)
    return [
        _Piece(piece.first, piece.offset * 2, 1, _aligned(main[piece.offset : piece.offset + len(piece.text)]))
        for piece in _pieces(main, main[clx : clx + size])
    ]


def _aligned(data: bytes) -> str:
    """Text with a letter for each byte, as the counts of the regions want it."""
    found = decoded(data)
    return found.text if len(found.text) == len(data) else data.decode("cp1252", "replace")


def _runs(main: bytes, table: bytes, width: int) -> _Runs:
    """The pages of properties of paragraphs (entries of 13 bytes) or characters (of 1)."""
    number = max((len(table) - 4) // 8, 0)
    found: dict[int, tuple[int, frozenset[int]]] = {}
    for page_number in struct.unpack_from(f"<{number}I", table, 4 * (number + 1)) if number else ():
        page = main[page_number * _PAGE : (page_number + 1) * _PAGE]
        if len(page) < _PAGE:
            continue
        runs = page[-1]
        if 4 * (runs + 1) + width * runs >= _PAGE:
            continue
        starts = struct.unpack_from(f"<{runs}I", page)
        for index, start in enumerate(starts):
            at = page[4 * (runs + 1) + width * index] * 2
            found[start] = _properties(page, at, is_paragraph=width > 1) if at else (0, frozenset())
    ordered = sorted(found)
    return _Runs(ordered, [found[start] for start in ordered])


def _properties(page: bytes, at: int, *, is_paragraph: bool) -> tuple[int, frozenset[int]]:
    """The style and the switches that are set, of one entry."""
    size, start = page[at], at + 1
    if not is_paragraph:
        return 0, _switches(page[start : start + size])
    if size:
        size = size * 2 - 1
    else:
        size, start = page[at + 1] * 2, at + 2
    entry = page[start : min(start + size, _PAGE - 1)]
    return int.from_bytes(entry[:2], "little"), _switches(entry[2:])


def _switches(modifiers: bytes) -> frozenset[int]:
    """Which of the modifiers switch something on; reading ends at the first that can't be told apart."""
    on, place = set(), 0
    while place + 3 <= len(modifiers):
        code = int.from_bytes(modifiers[place : place + 2], "little")
        place += 2
        kind = code >> 13
        if kind == 6:
            if code == _TAB_STOPS and modifiers[place] == _UNTOLD:
                break
            place += 1 + (int.from_bytes(modifiers[place : place + 2], "little") if code == _TABLE_DEFINITION else modifiers[place])
            continue
        if modifiers[place] == 1:
            on.add(code)
        place += _OPERAND_BYTES[kind]
    return frozenset(on)


class _Document:
    """Adds the regions of one document in their order."""

    def __init__(
        self, pieces: list[_Piece], paragraphs: _Runs, characters: _Runs, counts: tuple[int, ...], stories: list[int], reading: Reading
    ) -> None:
        self._pieces = pieces
        self._firsts = [piece.first for piece in pieces]
        self._paragraphs = paragraphs
        self._characters = characters
        self._counts = counts
        self._stories = stories
        self._reading = reading
        self._text = "".join(piece.text for piece in pieces)

    def add(self) -> None:
        """All regions: the body, then what stands beside it."""
        start = 0
        for region, count in zip(_REGIONS, map(_count, self._counts), strict=True):
            if region == "header" and self._stories:
                for index, (first, last) in enumerate(pairwise(self._stories)):
                    if index >= _SEPARATORS and last <= count:
                        self._region(start + first, start + last, _HEADER_STORIES[index % len(_HEADER_STORIES)])
            elif region != "macro":
                self._region(start, start + count, region)
            start += count

    def _region(self, start: int, end: int, region: str) -> None:
        place = Place(part=None if region == "body" else region)
        cells: list[str] = []
        cell: list[str] = []
        row = 0
        for first, last in self._bounds(start, min(end, len(self._text))):
            if self._reading.full:
                return
            style, switches = self._paragraphs.at(self._offset(last - 1))
            text = self._visible(first, last, place)
            ends_cell = self._text[last - 1] == _CELL_END
            ends_row = ends_cell and (_ROW_END in switches or (not self._paragraphs.starts and last - first == 1))
            if not ends_row and (ends_cell or _IN_TABLE in switches):
                cell.append(text)
                if ends_cell:
                    cells.append(" ".join(" ".join(cell).split()))
                    cell = []
                continue
            if cells or ends_row:
                row += 1
                self._reading.add("table_row", row_text(filter(None, [*cells, *cell])), level=row, region=region, place=place)
                cells, cell = [], []
            if not ends_row:
                row = 0 if text.strip() else row
                level = style if style in _HEADING_STYLES and region == "body" else 0
                self._reading.add("heading" if level else _KINDS.get(region, "paragraph"), text, level=level, region=region, place=place)
        for text in [*cells, *cell]:
            self._reading.add("paragraph", text, region=region, place=place)

    def _bounds(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The paragraphs and cells of a stretch of the text, their marks included."""
        first = start
        for place in range(start, end):
            if self._text[place] in "\r\x07":
                yield first, place + 1
                first = place + 1
        if first < end:
            yield first, end

    def _offset(self, character: int) -> int:
        index = max(bisect_right(self._firsts, character) - 1, 0)
        piece = self._pieces[index]
        return piece.offset + (character - piece.first) * piece.width

    def _visible(self, first: int, last: int, place: Place) -> str:
        """A paragraph as a person reads it; what is marked as deleted or hidden becomes elements of its own."""
        parts: dict[str, list[str]] = {"": [], "deletion": [], "hidden": []}
        for start, end in self._evenly(first, last) if self._characters.starts else ((first, last),):
            _, switches = self._characters.at(self._offset(start))
            apart = "deletion" if _DELETED in switches else "hidden" if _HIDDEN in switches else ""
            parts[apart].append(self._text[start:end])
        for apart in ("deletion", "hidden"):
            text = _shown("".join(parts[apart]))
            if text.strip():
                self._reading.add("paragraph", text, region=apart, place=place)
                if apart == "hidden":
                    self._reading.flag(Flag.HIDDEN_TEXT)
        return _shown("".join(parts[""]))

    def _evenly(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Stretches within which piece and character properties stay the same."""
        place = first
        while place < last:
            index = max(bisect_right(self._firsts, place) - 1, 0)
            piece = self._pieces[index]
            end = min(last, piece.first + len(piece.text)) if piece.text else last
            offset = self._offset(place)
            following = bisect_right(self._characters.starts, offset)
            if following < len(self._characters.starts):
                reach = -(-(self._characters.starts[following] - offset) // piece.width)
                end = min(end, place + reach)
            end = max(end, place + 1)
            yield place, end
            place = end


def _shown(text: str) -> str:
    """Text without field instructions and the signs that stand for pictures, notes and marks."""
    if _FIELD_BEGIN in text or _FIELD_END in text:
        kept: list[str] = []
        depth: list[bool] = []
        for sign in text:
            if sign == _FIELD_BEGIN:
                depth.append(True)
            elif sign == _FIELD_RESULT and depth:
                depth[-1] = False
            elif sign == _FIELD_END:
                if depth:
                    depth.pop()
            elif not any(depth):
                kept.append(sign)
        text = "".join(kept)
    return text.translate(_SHOWN).strip("\r")
