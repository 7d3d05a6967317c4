"""CSV, TSV and other delimited text: encoding and delimiter are found, ragged rows are kept."""

from __future__ import annotations

import csv
import io
import re
import sys

from charset_normalizer import from_bytes

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import cell_ranges, row_text
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Status

_DELIMITERS = ",;\t|"
_HIGH_PAIR = re.compile(rb"[\x80-\xff]{2}")
_SAMPLE_CHARS = 65_536
_SAMPLE_BYTES = 262_144
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a delimited text, a row per element.

    Raises:
        DocumentError: empty, or corrupt for bytes that are no text.
    """
    with open(path, "rb") as file:
        data = file.read()
    if not data.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        raise DocumentError(Status.EMPTY, "The file has no text.")
    text = _decoded(data, reading).replace("\x00", "")
    delimiter = delimiter_of(text[:_SAMPLE_CHARS])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=False)
    try:
        for number, row in enumerate(rows, start=1):
            if reading.full:
                return
            cells = [" ".join(cell.split()) for cell in row]
            filled = [column for column, cell in enumerate(cells, start=1) if cell]
            if filled:
                text = row_text(cells[column - 1] for column in filled)
                reading.add("table_row", text, level=number, place=Place(cells=cell_ranges(filled, number)))
    except csv.Error as error:
        raise DocumentError(Status.CORRUPT, "The rows can't be told apart.") from error


def _decoded(data: bytes, reading: Reading) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        reading.flag(Flag.GUESSED_ENCODING)
    if not _HIGH_PAIR.search(data):
        return data.decode("cp1252", "replace")  # lone accents between ASCII letters; a guess takes them for Chinese in short files
    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    return data.decode(best.encoding if best else "cp1252", "replace")


def delimiter_of(sample: str) -> str:
    """The delimiter whose rows agree best on their number of cells; a comma where none does."""
    lines = sample.splitlines()[:200]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths:
            continue
        common = max(set(widths), key=widths.count)
        score = widths.count(common) / len(widths) * min(common - 1, 10)
        if score > best_score:
            best, best_score = delimiter, score
    return best
