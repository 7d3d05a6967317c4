"""Documents with a password, opened with those that a firm keeps in its secret scope."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msoffcrypto
import olefile
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

from lakedocs.extract.extensions import kind_of
from lakedocs.records import Kind

_ANYONE = "VelvetSweatshop"
"""What Excel encrypts with, and tries before it asks, where a workbook is merely protected against changes ([MS-OFFCRYPTO] 2.1.1)."""
_NOT_OF_EXCEL = (Kind.WORD, Kind.PPTX)
_PACKAGE = b"PK\x03\x04"
_SMALL_BYTES = 2**20
"""A package of so much is decrypted faster than its password is checked, for which its key is derived once more (100,000 hashes)."""
_NOT_OPENED = (DecryptionError, FileFormatError, ParseError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError)
"""What msoffcrypto raises for a wrong password, and for containers that are damaged, too."""


@contextmanager
def unlocked(path: str, name: str, passwords: tuple[str, ...]) -> Iterator[str | None]:
    """Where the document lies without its password, while the block lasts; None where no password opens it. They are tried in order.

    Args:
        path: of an encrypted Office file or PDF.
        name: what it is called; to try a password takes a tenth of a second, so that Excel's own isn't for what is called otherwise.
        passwords: the user's own.
    """
    with open(path, "rb") as file:
        is_office = file.read(len(olefile.MAGIC)) == olefile.MAGIC
    with tempfile.TemporaryDirectory(prefix="lakedocs-") as folder:
        target = Path(folder) / "unlocked"
        tried = (_ANYONE, *passwords) if is_office and kind_of(name) not in _NOT_OF_EXCEL else passwords
        save = _save_office if is_office else _save_pdf
        yield str(target) if any(save(path, password, target) for password in tried) else None


def _save_office(path: str, password: str, target: Path) -> bool:
    opened = io.BytesIO()
    try:
        with open(path, "rb") as file:
            office = msoffcrypto.OfficeFile(file)
            is_package = office.format == "ooxml"  # the older formats check a password by themselves
            is_checked = is_package and Path(path).stat().st_size > _SMALL_BYTES
            office.load_key(password=password, **({"verify_password": True} if is_checked else {}))
            office.decrypt(opened)
    except _NOT_OPENED:
        return False
    if is_package and opened.getbuffer()[: len(_PACKAGE)] != _PACKAGE:
        return False
    target.write_bytes(opened.getbuffer())  # outside of the block above: a full disk is no wrong password
    return True


def _save_pdf(path: str, password: str, target: Path) -> bool:
    try:
        document = pdfium.PdfDocument(path, password=password)
    except pdfium.PdfiumError:
        return False
    try:
        document.save(str(target), flags=pdfium_c.FPDF_REMOVE_SECURITY)
    finally:
        document.close()
    return True
