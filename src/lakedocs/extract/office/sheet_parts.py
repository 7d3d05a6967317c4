"""What an xlsx holds beside its cells: comments with their authors, drawings, headers and footers, defined names, formulas, rules of input."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from lxml import etree

from lakedocs.extract.cells import cell_ranges
from lakedocs.extract.office.drawing import add_pictures, add_related
from lakedocs.extract.office.paragraphs import paragraphs
from lakedocs.extract.office.sheet_xml import SheetLook, formulas
from lakedocs.extract.office.xml import Container, attribute, in_use, local_name
from lakedocs.extract.reading import Reading
from lakedocs.records import Place

_HEADER_CODES = re.compile(r'&(?:&|"[^"]*"|K(?:[0-9A-Fa-f]{6}|\d\d[+-]\d{3})|\d+|[A-Za-z])')
_HEADER = re.compile(rb"<(?:\w+:)?(?:odd|even|first)(Header|Footer)[^<>]*>([^<]+)<")
_RULE = re.compile(rb"<(?:\w+:)?dataValidation\s([^<>]*)>(?:\s*<(?:\w+:)?formula1>(?:<xm:f>)?([^<]*)<)?")
_PROMPT = re.compile(rb'\b(?:promptTitle|prompt|errorTitle|error)="([^"]*)"')
_LIST = re.compile(rb'\s*(?:&quot;|")(.*)(?:&quot;|")\s*', re.DOTALL)
_CELL = re.compile(r"[A-Z]{1,3}\d{1,7}(?::[A-Z]{1,3}\d{1,7})?")
_THREAD = "tc="
"""Begins the author of a comment that only repeats a thread, for versions that can't show it."""


def sheets_of(container: Container, workbook: str) -> dict[str, str]:
    """Sheet name -> part, in the workbook's order."""
    related = container.related(workbook)
    found = {}
    for node in container.xml(workbook).iter("{*}sheet"):
        ids = [str(value) for key, value in node.attrib.items() if str(key).endswith("}id")]
        part = related.get(ids[0] if ids else "", ("", ""))[1]
        if part and part in container:
            found[node.get("name") or ""] = part
    return found


def add_parts(reading: Reading, container: Container, workbook: str, sheets: dict[str, str], seen: dict[str, SheetLook]) -> None:
    """What stands beside the cells, sheet by sheet; then defined names; formulas come last, for they may be as many as cells."""
    people: dict[str, str] = {}
    for part in container.targets(workbook, "person"):
        with reading.tolerating_damage():
            people |= {node.get("id") or "": node.get("displayName") or "" for node in container.xml(part).iter("{*}person")}
    for name, part in sheets.items():
        if reading.full:
            return
        with reading.tolerating_damage():
            _sheet(reading, container, part, seen[name].tail, Place(sheet=name), people)
    names = list(sheets)
    for node in container.xml(workbook).iter("{*}definedName"):
        local = node.get("localSheetId") or ""
        place = Place(sheet=names[int(local)]) if local.isdecimal() and int(local) < len(names) else Place()
        reading.add("defined_name", f"{node.get('name') or ''} = {node.text or ''}", region="defined_name", place=place)
    for name, part in sheets.items():
        if seen[name].has_formulas:
            with reading.tolerating_damage():
                _formulas(reading, container.read(part), name)


def _formulas(reading: Reading, data: bytes, sheet: str) -> None:
    for row, found in formulas(data):
        if reading.full:
            return
        cells = cell_ranges([column for column, _ in found], row) if row else None
        text = " | ".join([f"={formula}" for _, formula in found])
        reading.add("formula", text, level=row, region="formula", place=Place(sheet=sheet, cells=cells))


def _sheet(reading: Reading, container: Container, part: str, tail: bytes, place: Place, people: dict[str, str]) -> None:
    for match in _HEADER.finditer(tail):
        region = match.group(1).decode().lower()
        text = _HEADER_CODES.sub(_code_shown, html.unescape(match.group(2).decode("utf-8", "replace")))
        reading.add(region, " ".join(text.split()), region=region, place=place)
    for match in _RULE.finditer(tail):
        reading.add("control", _rule(match), region="data_validation", place=place)
    kinds = {kind for kind, _ in container.related(part).values()}
    for kind, target in container.related(part).values():
        if target not in container:
            continue
        with reading.tolerating_damage():
            if kind == "drawing":
                root = container.xml(target)
                for text in paragraphs(root):
                    reading.add("paragraph", text, region="drawing", place=place)
                add_pictures(reading, container, target, root, place)
                add_related(reading, container, target, place)
            elif kind == "vmlDrawing":  # buttons and other controls
                for box in container.xml(target).iter("{*}textbox"):
                    reading.add("paragraph", " ".join(" ".join(box.itertext()).split()), region="drawing", place=place)
            elif kind == "comments":
                _comments(reading, container.xml(target), place, has_threads="threadedComment" in kinds)
            elif kind == "threadedComment":
                for comment in container.xml(target).iter("{*}threadedComment"):
                    texts = [node.text or "" for node in comment.iterchildren("{*}text")]
                    _comment(reading, comment, people.get(comment.get("personId") or "", ""), "".join(texts), place)
    add_related(reading, container, part, place)


def _code_shown(code: re.Match[str]) -> str:
    return "&" if code.group() == "&&" else " "


def _comments(reading: Reading, root: etree._Element, place: Place, *, has_threads: bool) -> None:
    authors = [node.text or "" for node in root.iterfind("{*}authors/{*}author")]
    for comment in root.iter("{*}comment"):
        index = comment.get("authorId") or ""
        author = authors[int(index)] if index.isdecimal() and int(index) < len(authors) else ""
        region = "comment_copy" if has_threads and author.startswith(_THREAD) else "comment"
        _comment(reading, comment, author, "".join(_runs(comment)), place, region)


def _runs(comment: etree._Element) -> Iterator[str]:
    for node in in_use(comment, "t"):
        if local_name(node.getparent()) != "rPh":
            yield node.text or ""


def _comment(reading: Reading, comment: etree._Element, author: str, text: str, place: Place, region: str = "comment") -> None:
    """A comment after its author; a cell that is none is free text in a hostile file."""
    cell = attribute(comment, "ref")
    at = Place(sheet=place.sheet, cells=cell if _CELL.fullmatch(cell) else None)
    reading.add("author", "" if author.startswith(_THREAD) else author, region=region, place=at)
    reading.add("comment", text, region=region, place=at)


def _rule(match: re.Match[bytes]) -> str:
    """What a cell's rule of input tells a person, and the choices of its list where they stand in it."""
    texts = _PROMPT.findall(match.group(1))
    chosen = _LIST.fullmatch(match.group(2) or b"")
    return " ".join(html.unescape(text.decode("utf-8", "replace")) for text in [*texts, *([chosen.group(1)] if chosen else [])] if text)
