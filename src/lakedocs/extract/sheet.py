"""Spreadsheets (xlsx, xlsm, xlsb, xls): a row of cells per element with its ranges; sheet names, comments, drawings, headers.

Cells come from calamine: it survives wrong `<dimension>` records, with which openpyxl's read-only mode loses cells.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import TypeVar

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    XmlError,
    ZipError,
)

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import cell_ranges, row_text
from lakedocs.extract.drawing import add_pictures, add_related, paragraphs
from lakedocs.extract.kinds import has_macros
from lakedocs.extract.limits import check_zip
from lakedocs.extract.reading import Reading
from lakedocs.extract.xml import Container, core_properties, local_name, main_part
from lakedocs.records import Flag, Place, Status

_HEADER_CODES = re.compile(r'&(?:[LCRPNDTFAZGBIUESXYKO]|"[^"]*"|\d+|K[0-9A-F]{6})')
_CELL = re.compile(r"[A-Z]{1,3}\d{1,7}(?::[A-Z]{1,3}\d{1,7})?")
T = TypeVar("T")
Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read_package(path: str, reading: Reading) -> None:
    """Fill `reading` with an xlsx, xlsm, xltx or xlsb.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    names = check_zip(path, reading.limits)
    if has_macros(names):
        reading.flag(Flag.MACROS)
    with zipfile.ZipFile(path) as archive:
        container = Container(archive)
        for name, value in core_properties(container):
            reading.add("property", value, region="metadata", place=Place(part=name))
        _cells(path, reading)
        if not any(name.lower().endswith("workbook.bin") for name in names):
            _beside_the_cells(reading, container)


def read_binary(path: str, reading: Reading) -> None:
    """Fill `reading` with an xls (BIFF).

    Raises:
        DocumentError: corrupt or encrypted.
    """
    _cells(path, reading)


def _cells(path: str, reading: Reading) -> None:
    workbook = _opened(lambda: CalamineWorkbook.from_path(path))
    try:
        for sheet in workbook.sheets_metadata:
            if reading.full:
                return
            region = "body"
            if sheet.visible is not SheetVisibleEnum.Visible:
                region = "hidden"
                reading.flag(Flag.HIDDEN_TEXT)
            reading.add("sheet_name", sheet.name, level=1, region=region, place=Place(sheet=sheet.name))
            if sheet.typ in (SheetTypeEnum.WorkSheet, SheetTypeEnum.DialogSheet, SheetTypeEnum.MacroSheet):
                _rows(workbook, sheet.name, region, reading)
    finally:
        workbook.close()


def _opened(open_it: Callable[[], T]) -> T:
    try:
        return open_it()
    except PasswordError as error:
        raise DocumentError(Status.ENCRYPTED, "The workbook needs a password.") from error
    except (CalamineError, XmlError, ZipError, OSError, ValueError) as error:
        if "password" in str(error).lower():
            raise DocumentError(Status.ENCRYPTED, "The workbook needs a password.") from error
        raise DocumentError(Status.CORRUPT, "The workbook's structure can't be read.") from error


def _rows(workbook: CalamineWorkbook, name: str, region: str, reading: Reading) -> None:
    sheet = _opened(lambda: workbook.get_sheet_by_name(name))
    if sheet.start is None:
        return
    first_row = sheet.start[0] + 1
    for offset, row in enumerate(sheet.iter_rows()):
        if offset < first_row - 1 or reading.full:
            if reading.full:
                return
            continue
        shown = [(column, shown_value(cell)) for column, cell in enumerate(row, start=1)]
        filled = [(column, text) for column, text in shown if text]
        if not filled:
            continue
        cells = cell_ranges([column for column, _ in filled], offset + 1)
        text = row_text(text for _, text in filled)
        reading.add("table_row", text, level=offset + 1, region=region, place=Place(sheet=name, cells=cells))


def shown_value(cell: Cell) -> str:
    """A cell as a person reads it: whole floats without a point, dates as ISO, logical values as Excel writes them."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ", timespec="seconds")
    return " ".join(str(cell).split())


def _beside_the_cells(reading: Reading, container: Container) -> None:
    """Comments, shapes, charts, pictures, headers and footers, sheet by sheet."""
    main = main_part(container, "xl/workbook.xml")
    related = container.related(main)
    for node in container.xml(main).iter():
        if local_name(node) != "sheet":
            continue
        name = node.get("name") or ""
        ids = [value for key, value in node.attrib.items() if str(key).endswith("}id")]
        part = related.get(str(ids[0]) if ids else "", ("", ""))[1]
        if part and part in container and not reading.full:
            _sheet_extras(reading, container, part, Place(sheet=name))


def _sheet_extras(reading: Reading, container: Container, part: str, place: Place) -> None:
    for text in _headers_and_footers(container, part):
        reading.add("header", text, region="header", place=place)
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
            elif kind in ("comments", "threadedComment"):
                for comment in container.xml(target).iter():
                    if local_name(comment) in ("comment", "threadedComment"):
                        text = "".join(node.text or "" for node in comment.iter() if local_name(node) in ("t", "text"))
                        ref = comment.get("ref") or ""
                        at = Place(sheet=place.sheet, cells=ref if _CELL.fullmatch(ref) else None)  # free text in a hostile file
                        reading.add("comment", text, region="comment", place=at)
                    elif local_name(comment) == "author":
                        reading.add("author", comment.text or "", region="comment", place=place)
            elif kind == "package":
                reading.attach(target.rpartition("/")[2], container.read(target))


def _headers_and_footers(container: Container, part: str) -> Iterator[str]:
    """Header and footer texts; they stand in the last kilobytes of a sheet, so a large part is not parsed for them."""
    tail = container.read(part)[-65536:]
    for match in re.finditer(rb"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)[^>]*>([^<]*)<", tail):
        text = _HEADER_CODES.sub(" ", _unescaped(match.group(1).decode("utf-8", "replace")))
        if text.strip():
            yield text


def _unescaped(text: str) -> str:
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
