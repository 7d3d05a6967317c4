"""One paragraph of Word: its text as it is read, and apart from it what was deleted, inserted or hidden, its fields, and what floats beside it.

Inserted text is part of the paragraph, for that is what a reader sees; a copy of it says what was inserted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from lxml import etree

from lakedocs.extract.office.formulas import math_text
from lakedocs.extract.office.paragraphs import paragraphs
from lakedocs.extract.office.word_styles import Styles, is_on
from lakedocs.extract.office.xml import attribute, is_repetition, local_name

_APART = "\n"
"""Between pieces of deleted, inserted or hidden text that do not touch."""
_SKIPPED = frozenset(("pPr", "rPr", "docPr", "delInstrText", "softHyphen", "sdtPr", "sdtEndPr", "binData", "annotationRef"))
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_LAYOUT = frozenset(
    ("PAGE", "NUMPAGES", "SECTIONPAGES", "PAGEREF", "REF", "NOTEREF", "STYLEREF", "TOC", "TOA", "INDEX", "RD", "SEQ", "SECTION", "LISTNUM",
     "AUTONUM", "AUTONUMLGL", "AUTONUMOUT", "BIDIOUTLINE", "FORMTEXT", "FORMCHECKBOX", "FORMDROPDOWN", "EMBED", "LINK", "SHAPE", "SYMBOL", "EQ",
     "ADVANCE", "PRINT", "PRIVATE", "FILESIZE", "NUMCHARS", "NUMWORDS", "DATE", "TIME", "SAVEDATE", "CREATEDATE", "PRINTDATE", "EDITTIME",
     "REVNUM")
)  # fmt: skip
"""Fields whose codes tell where something stands; what they show stands beside the code."""
_ADDRESS = re.compile(r'\s*(?:"([^"]*)"|([^\s"\\]\S*))')
_GREEK = dict(zip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "αβχδεφγηιϕκλμνοπθρστυϖωξψζΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True))
_SYMBOL = {0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB9: "≠", 0xBB: "≈", 0xD6: "√", 0xE5: "∑"}
_WINGDINGS = {0x6F: "☐", 0xA8: "☐", 0xFB: "☒", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0xA7: "•", 0xE0: "→"}
_PRIVATE_USE = 0xF000


class Tracked(Enum):
    """What change tracking says of a piece of text."""

    NO = ""
    INSERTED = "insertion"
    DELETED = "deletion"

    def inside(self, name: str) -> Tracked:
        """The state below an element of that name; what was inserted and then deleted is deleted."""
        if self is Tracked.DELETED or name in ("del", "moveFrom", "cellDel"):
            return Tracked.DELETED
        return Tracked.INSERTED if name in ("ins", "moveTo", "cellIns") else self


@dataclass(slots=True)
class ParagraphText:
    """What one paragraph holds."""

    shown: list[str] = field(default_factory=list)
    inserted: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    floating: list[tuple[etree._Element, Tracked]] = field(default_factory=list)
    """Text boxes (`w:txbxContent`) and tables that stand in a run."""
    drawn: list[str] = field(default_factory=list)
    """Paragraphs of drawings that are no text boxes."""

    @property
    def links(self) -> list[str]:
        """The addresses of its HYPERLINK fields."""
        found = (_ADDRESS.match(code.partition("HYPERLINK")[2]) for code in self.codes if _name_of(code) == "HYPERLINK")
        return [match.group(1) or match.group(2) for match in found if match and (match.group(1) or match.group(2))]

    @property
    def fields(self) -> list[str]:
        """The codes of fields that may hold text of their own: merge fields, conditions, index entries, citations."""
        return [code for code in self.codes if (name := _name_of(code)) and name not in _LAYOUT and name != "HYPERLINK" and name[0] != "="]


def _name_of(code: str) -> str:
    return next(iter(code.split(None, 1)), "").upper()


def paragraph_text(paragraph: etree._Element, styles: Styles, tracked: Tracked, *, is_hidden: bool) -> ParagraphText:
    """The texts of a paragraph.

    Args:
        paragraph: a `w:p`, or whatever holds runs.
        styles: of the document.
        tracked: whether it stands in a change as a whole.
        is_hidden: whether it is hidden unless its runs say otherwise.
    """
    walk = _Walk(styles)
    walk.below(paragraph, tracked, is_hidden)
    return walk.found


class _Walk:
    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._last: list[str] | None = None
        self._was_inserted = False
        self._open_fields: list[int] = []
        self.found = ParagraphText()

    def below(self, node: etree._Element, tracked: Tracked, is_hidden: bool) -> None:
        for child in node:
            name = local_name(child)
            if name == "r":
                self.below(child, tracked, self._is_hidden(child, is_hidden))
            elif name == "t":
                self._add(child.text or "", tracked, is_hidden)
            elif name in _SIGNS:
                self._add(_SIGNS[name], tracked, is_hidden)
            elif name in _SKIPPED or not name:
                continue
            elif name == "delText":
                self._add(child.text or "", Tracked.DELETED, is_hidden)
            elif name in ("txbxContent", "tbl"):
                self.found.floating.append((child, tracked))
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, tracked)
            elif name in ("fldChar", "instrText", "fldSimple"):
                self._field(child, name, tracked, is_hidden)
            elif name == "sym":
                self._add(_symbol(child), tracked, is_hidden)
            elif name == "oMath":
                self._add(math_text(child), tracked, is_hidden)
            elif name == "ruby":
                self._ruby(child, tracked, is_hidden)
            elif name != "Fallback" or not is_repetition(child):
                self.below(child, tracked.inside(name), is_hidden)

    def _add(self, text: str, tracked: Tracked, is_hidden: bool) -> None:
        if not text:
            return
        found = self.found
        sink = found.deleted if tracked is Tracked.DELETED else found.hidden if is_hidden else found.shown
        if sink is not found.shown and sink is not self._last and sink:
            sink.append(_APART)
        sink.append(text)
        self._last = sink
        if sink is found.shown:
            if tracked is Tracked.INSERTED:
                if found.inserted and not self._was_inserted:
                    found.inserted.append(_APART)
                found.inserted.append(text)
            self._was_inserted = tracked is Tracked.INSERTED

    def _is_hidden(self, run: etree._Element, is_hidden: bool) -> bool:
        if not len(run) or local_name(run[0]) != "rPr":
            return is_hidden
        for node in run[0]:
            name = local_name(node)
            if name == "vanish":
                return is_on(node)
            if name == "rStyle" and self._styles.hidden and attribute(node, "val") in self._styles.hidden:
                is_hidden = True
        return is_hidden

    def _drawing(self, drawing: etree._Element, tracked: Tracked) -> None:
        for child in drawing:
            name = local_name(child)
            if name == "txbxContent":
                self.found.floating.append((child, tracked))
            elif name == "p":
                self.found.drawn += paragraphs(child)
            elif name != "Fallback" or not is_repetition(child):
                self._drawing(child, tracked)

    def _field(self, node: etree._Element, name: str, tracked: Tracked, is_hidden: bool) -> None:
        codes = self.found.codes
        if name == "fldSimple":
            codes.append(attribute(node, "instr"))
            self.below(node, tracked, is_hidden)
        elif name == "instrText":
            if not self._open_fields:  # its beginning stands in a paragraph before
                self._open_fields.append(len(codes))
                codes.append("")
            codes[self._open_fields[-1]] += node.text or ""
        elif attribute(node, "fldCharType") == "begin":
            self._open_fields.append(len(codes))
            codes.append("")
            self._add(_form_field(node), tracked, is_hidden)
        elif attribute(node, "fldCharType") == "end" and self._open_fields:
            self._open_fields.pop()

    def _ruby(self, ruby: etree._Element, tracked: Tracked, is_hidden: bool) -> None:
        """The base text, then how it is read in parentheses; the file has them the other way round."""
        for base in ruby.iterchildren("{*}rubyBase"):
            self.below(base, tracked, is_hidden)
        reading = "".join(node.text or "" for node in ruby.iterfind("{*}rt//{*}t"))
        self._add(f"({reading})" if reading else "", tracked, is_hidden)


def _symbol(node: etree._Element) -> str:
    """A character of a symbol font as the one of Unicode that looks like it; empty where none is known."""
    try:
        code = int(attribute(node, "char"), 16)
    except ValueError:
        return ""
    font = attribute(node, "font").lower()
    low = code - _PRIVATE_USE if _PRIVATE_USE <= code < _PRIVATE_USE + 0x100 else code
    if font == "symbol" and low < 0x100:
        return _SYMBOL.get(low) or _GREEK.get(chr(low), chr(low) if low < 0x7F else "")
    if font.startswith("wingdings") and low < 0x100:
        return _WINGDINGS.get(low, "")
    return chr(code) if 0x20 <= code < 0xD800 else chr(low) if 0x20 <= low < 0x7F else ""


def _form_field(begin: etree._Element) -> str:
    """What an old form's list or box shows: the chosen entry, or a box with or without a cross; text fields show their result."""
    for node in begin.iter("{*}ddList", "{*}checkBox"):
        values = {local_name(child): child for child in node}
        chosen = values.get("result" if local_name(node) == "ddList" else "checked", values.get("default"))
        if local_name(node) == "checkBox":
            return "☒" if chosen is not None and is_on(chosen) else "☐"
        entries = [attribute(entry, "val") for entry in node.iterchildren("{*}listEntry")]
        index = attribute(chosen, "val") if chosen is not None else "0"
        return entries[int(index)] if index.isdecimal() and int(index) < len(entries) else ""
    return ""
