"""A file of any format as a `Document`: content decides the parser, attachments are read in turn."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from lakedocs.errors import DocumentError
from lakedocs.extract import (
    markup,
    old_sheet,
    old_slides,
    old_word,
    outlook,
    pdf,
    plain_text,
    rfc822,
    rich_text,
    sheet,
    slides,
    smime,
    text_table,
    tnef,
    word,
)
from lakedocs.extract.extensions import extension_of
from lakedocs.extract.kinds import Format, is_disguised, sniff
from lakedocs.extract.limits import Allowance, Limits
from lakedocs.extract.reading import Reading
from lakedocs.extract.versions import label
from lakedocs.records import Document, Flag, Status

_PARSERS: dict[Format, tuple[str, Callable[[str, Reading], None]]] = {
    Format.DOCX: ("word", word.read),
    Format.XLSX: ("sheet", sheet.read_package),
    Format.XLSB: ("sheet", sheet.read_package),
    Format.XLS: ("old_sheet", old_sheet.read),
    Format.OLD_WORD: ("old_word", old_word.read),
    Format.OLD_POWERPOINT: ("old_slides", old_slides.read),
    Format.PPTX: ("slides", slides.read),
    Format.PDF: ("pdf", pdf.read),
    Format.EML: ("mail", rfc822.read),
    Format.MAILBOX: ("mail", rfc822.read_mailbox),
    Format.MSG: ("mail", outlook.read),
    Format.TNEF: ("mail", tnef.read),
    Format.SMIME: ("mail", smime.read),
    Format.TEXT_TABLE: ("text_table", text_table.read),
    Format.TEXT: ("text", plain_text.read),
    Format.MARKDOWN: ("text", plain_text.read_markdown),
    Format.HTML: ("text", markup.read),
    Format.RTF: ("text", rich_text.read),
}
_CONTAINERS = (Format.DOCX, Format.XLSX, Format.XLSB, Format.PPTX)
_REFUSED: dict[Format, tuple[Status, str]] = {
    Format.ENCRYPTED_OFFICE: (Status.ENCRYPTED, "The Office file is encrypted with a password."),
    Format.UNKNOWN: (Status.UNSUPPORTED, "The content is of no kind that is read."),
}


def read_document(path: str, name: str, limits: Limits, image_folder: Path | None, depth: int = 0, allowance: Allowance | None = None) -> Document:
    """The file as a document with its attachments; never raises for what a file contains.

    Args:
        path: where the bytes are.
        name: what the file is called, for its extension and its row; an attachment's own name.
        limits: what it may cost.
        image_folder: where embedded images are kept by hash; None keeps none.
        depth: how many documents it is nested in.
        allowance: what is left for it of the file that it is attached to.
    """
    size = Path(path).stat().st_size
    content_hash, parser = "", ""
    reading = Reading(limits, image_folder, allowance)
    try:
        if size > limits.file_mb * 2**20:
            raise DocumentError(Status.TOO_LARGE, f"The file has {size // 2**20} MB; the limit is {limits.file_mb} MB.")
        if size == 0:
            raise DocumentError(Status.EMPTY, "The file has no bytes.")
        content_hash = _hash_of(path)
        found = sniff(path, name)
        if is_disguised(name, found) and found is not Format.UNKNOWN:
            reading.flag(Flag.DISGUISED)
        if found in _REFUSED:
            raise DocumentError(*_refusal(found, name))
        if depth and found in _CONTAINERS:
            reading.allowance.unpack(path)
        name_of_parser, read = _PARSERS[found]
        parser = label(name_of_parser)
        read(path, reading)
        children = _children(reading, limits, image_folder, depth)
        status, reason = Status.OK, reading.notes
        if not any(element.region != "metadata" for element in reading.elements):
            status, reason = Status.EMPTY, "It holds no text."
            if reading.images:
                status, reason = Status.NEEDS_OCR, "It holds images but no text: vision.engine can read them."
            elif any(child.status is Status.OK for child in children):
                status, reason = Status.OK, reading.notes
    except DocumentError as error:
        status, reason, children = Status(error.status), error.reason, ()
        if status in (Status.NEEDS_OCR, Status.EMPTY):  # a cover without text may carry documents
            children = _children(reading, limits, image_folder, depth)
    except RecursionError:
        status, reason, children = Status.CORRUPT, "It is nested deeper than any document.", ()
    except BaseException as error:  # what Rust code raises where it gives up is no Exception
        if type(error).__name__ != "PanicException":
            raise
        status, reason, children = Status.CORRUPT, "The workbook's structure can't be read.", ()
    elements = tuple(reading.elements) if status in (Status.OK, Status.NEEDS_OCR, Status.EMPTY) else ()
    return Document(
        name, status, reason, reading.flags, parser, content_hash, size, elements, tuple(reading.images), children, tuple(reading.guesses)
    )


def _refusal(found: Format, name: str) -> tuple[Status, str]:
    """An unknown content under a known extension is a damaged file; under any other it is simply not read."""
    if found is Format.UNKNOWN and extension_of(name) in (
        "docx",
        "docm",
        "dotx",
        "xlsx",
        "xlsm",
        "xlsb",
        "pptx",
        "pptm",
        "ppsx",
        "pdf",
        "msg",
        "xls",
    ):
        return Status.CORRUPT, "The content is not what the extension says, nor anything else that is read."
    return _REFUSED[found]


def _children(reading: Reading, limits: Limits, image_folder: Path | None, depth: int) -> tuple[Document, ...]:
    if not reading.attachments:
        return ()
    if depth >= limits.attachment_depth:
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
        return ()
    children = []
    with tempfile.TemporaryDirectory(prefix="lakedocs-") as folder:
        for attachment in reading.attachments:
            path = Path(folder) / "attachment"
            path.write_bytes(attachment.data)
            children.append(read_document(str(path), attachment.name, limits, image_folder, depth + 1, reading.allowance))
    return tuple(children)


def _hash_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
