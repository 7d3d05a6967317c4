"""Spreadsheets (xlsx, xlsm, xlsb, xls): a row of cells per element with its ranges, as a person sees them; what is hidden is marked.

Cells come from calamine: it survives wrong `<dimension>` records, with which openpyxl's read-only mode loses cells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
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
from lakedocs.extract.office.number_formats import Cell
from lakedocs.extract.office.package import opened
from lakedocs.extract.office.sheet_parts import add_parts, sheets_of
from lakedocs.extract.office.sheet_xml import Formats, SheetLook, formats_of
from lakedocs.extract.office.xml import main_part
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Status

T = TypeVar("T")


def read_package(path: str, reading: Reading) -> None:
    """Fill `reading` with an xlsx, xlsm, xltx or xlsb.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    with opened(path, reading) as container:
        if "xl/workbook.bin" in container:
            _cells(path, reading)
            return
        workbook = main_part(container, "xl/workbook.xml")
        sheets = sheets_of(container, workbook)
        formats: Formats = {}
        with reading.tolerating_damage():
            formats = formats_of(container, workbook)
        seen = {name: SheetLook() for name in sheets}

        def look_of(name: str) -> SheetLook:
            with reading.tolerating_damage():
                if name in sheets:
                    seen[name] = SheetLook(container.read(sheets[name]), formats)
            return seen.get(name) or SheetLook()

        _cells(path, reading, look_of)
        add_parts(reading, container, workbook, sheets, seen)


def read_binary(path: str, reading: Reading) -> None:
    """Fill `reading` with an xls (BIFF).

    Raises:
        DocumentError: corrupt or encrypted.
    """
    _cells(path, reading)


def _cells(path: str, reading: Reading, look_of: Callable[[str], SheetLook] = lambda _: SheetLook()) -> None:
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
                _rows(workbook, sheet.name, region, reading, look_of(sheet.name))
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


def _rows(workbook: CalamineWorkbook, name: str, region: str, reading: Reading, look: SheetLook) -> None:
    """A row per element, hidden ones where they stand; then, row by row, what stands in hidden columns, with its own heads.

    A cell is shown as its format shows it; where that shows nothing, as it is: a person sees it when the cell is chosen.
    """
    sheet = _opened(lambda: workbook.get_sheet_by_name(name))
    if sheet.start is None:
        return
    first_row = sheet.start[0] + 1
    unseen: list[tuple[int, list[tuple[int, str]]]] = []
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number < first_row:
            continue
        if reading.full:
            return
        row_look = look.of(number)
        formats = row_look.formats if row_look is not None else {}
        # no format shows a text, and most cells are texts
        if formats:
            get = formats.get
            shown = [
                (column, " ".join(cell.split()) if type(cell) is str else get(column, shown_value)(cell) or shown_value(cell))
                for column, cell in enumerate(row, start=1)
                if cell != ""
            ]
        else:
            shown = [
                (column, " ".join(cell.split()) if type(cell) is str else shown_value(cell)) for column, cell in enumerate(row, start=1) if cell != ""
            ]
        filled = [of_cell for of_cell in shown if of_cell[1]]
        if not filled:
            continue
        if row_look is not None and row_look.is_hidden:
            reading.flag(Flag.HIDDEN_TEXT)
            _row(reading, name, number, filled, "hidden")
            continue
        if look.hidden_columns and region != "hidden":
            hidden = [(column, text) for column, text in filled if column in look.hidden_columns]
            if hidden:
                unseen.append((number, hidden))
                filled = [(column, text) for column, text in filled if column not in look.hidden_columns]
        _row(reading, name, number, filled, region)
    for number, hidden in unseen:
        reading.flag(Flag.HIDDEN_TEXT)
        _row(reading, name, number, hidden, "hidden")


def _row(reading: Reading, name: str, number: int, filled: list[tuple[int, str]], region: str) -> None:
    if filled:
        cells = cell_ranges([column for column, _ in filled], number)
        reading.add("table_row", row_text([text for _, text in filled]), level=number, region=region, place=Place(sheet=name, cells=cells))


def shown_value(cell: Cell) -> str:
    """A cell without a format: whole floats without a point, dates as ISO, logical values as Excel writes them."""
    kind = type(cell)
    if kind is str:
        return " ".join(cell.split())  # type: ignore[union-attr]  # the line above says that it is one
    if kind is float:
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # type: ignore[union-attr, arg-type, operator]
    if kind is bool:
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ", timespec="seconds")
    return str(cell)
