"""Cells of workbooks that calamine does not read, those of Excel 2 to 4 above all, through xlrd; a module of its own, for it is rarely needed."""

from __future__ import annotations

import datetime as dt
import io
import struct

import xlrd

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import cell_ranges, row_text
from lakedocs.extract.office import sheet
from lakedocs.extract.office.number_formats import Cell
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Status

_BROKEN = (xlrd.XLRDError, struct.error, ValueError, LookupError, AssertionError, AttributeError, TypeError, OverflowError)
"""What xlrd raises for damaged records."""


def add_cells(records: bytes, reading: Reading) -> None:
    """Add the rows of a workbook, given its records without the container around them.

    Raises:
        DocumentError: corrupt or encrypted.
    """
    try:
        book = xlrd.open_workbook(file_contents=records, logfile=io.StringIO(), on_demand=True)
        for number in range(book.nsheets):
            found = book.sheet_by_index(number)
            region = "body"
            if found.visibility:
                region = "hidden"
                reading.flag(Flag.HIDDEN_TEXT)
            reading.add("sheet_name", found.name, level=1, region=region, place=Place(sheet=found.name))
            for row in range(found.nrows):
                if reading.full:
                    return
                shown = [(column, sheet.shown_value(_value(cell, book.datemode))) for column, cell in enumerate(found.row(row), start=1)]
                filled = [(column, text) for column, text in shown if text]
                if filled:
                    cells = cell_ranges([column for column, _ in filled], row + 1)
                    text = row_text(text for _, text in filled)
                    reading.add("table_row", text, level=row + 1, region=region, place=Place(sheet=found.name, cells=cells))
    except _BROKEN as error:
        if "encrypted" in str(error):
            raise DocumentError(Status.ENCRYPTED, "The workbook needs a password.") from error
        raise DocumentError(Status.CORRUPT, "The workbook's structure can't be read.") from error


def _value(cell: xlrd.sheet.Cell, epoch: int) -> Cell:
    if cell.ctype == xlrd.XL_CELL_DATE:
        found: dt.datetime = xlrd.xldate_as_datetime(cell.value, epoch)
        return found
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return cell.value if isinstance(cell.value, float) else str(cell.value)
