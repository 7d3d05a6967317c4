"""A file of any format as a `Document`: content decides the parser, attachments are read in turn."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from lakedocs.errors import DocumentError
from lakedocs.extract.binary import sheet as old_sheet
from lakedocs.extract.binary import slides as old_slides
from lakedocs.extract.binary import word as old_word
from lakedocs.extract.kinds import Format, is_disguised, sniff
from lakedocs.extract.limits import Allowance, Limits
from lakedocs.extract.mail import outlook, rfc822, smime, tnef
from lakedocs.extract.office import open_document, sheet, slides, word
from lakedocs.extract.pdf.read import read as read_pdf
from lakedocs.extract.reading import Attachment, Reading
from lakedocs.extract.text import markup, plain_text, rich_text, text_table
from lakedocs.extract.unlock import unlocked
from lakedocs.extract.versions import UNFINISHED, label
from lakedocs.records import Document, Flag, Status

_PARSERS: dict[Format, tuple[str, Callable[[str, Reading], None]]] = {
    Format.DOCX: ("word", word.read),
    Format.XLSX: ("sheet", sheet.read_package),
    Format.XLSB: ("sheet", sheet.read_package),
    Format.XLS: ("old_sheet", old_sheet.read),
    Format.OLD_WORD: ("old_word", old_word.read),
    Format.OLD_POWERPOINT: ("old_slides", old_slides.read),
    Format.PPTX: ("slides", slides.read),
    Format.PDF: ("pdf", read_pdf),
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
    Format.OPEN_TEXT: ("open_document", open_document.read_text),
    Format.OPEN_CELLS: ("open_document", open_document.read_cells),
    Format.OPEN_SLIDES: ("open_document", open_document.read_text),
}
_CONTAINERS = (Format.DOCX, Format.XLSX, Format.XLSB, Format.PPTX, Format.OPEN_TEXT, Format.OPEN_CELLS, Format.OPEN_SLIDES)
_SEALED = (label("mail"), label("open_document"))
"""Whose files no password that is given here can open."""
_WITHOUT_TEXT = (Status.NEEDS_OCR, Status.EMPTY)
_REFUSED: dict[Format, tuple[Status, str]] = {
    Format.ENCRYPTED_OFFICE: (Status.ENCRYPTED, "The Office file is encrypted with a password."),
    Format.UNKNOWN: (Status.UNSUPPORTED, "The content is of no kind that is read."),
}


def read_document(path: str, name: str, limits: Limits, image_folder: Path | None, passwords: tuple[str, ...] = ()) -> Document:
    """The file as a document with its attachments; never raises for what a file contains.

    Args:
        path: where the bytes are.
        name: what the file is called, for its extension and its row; an attachment's own name.
        limits: what it may cost, its attachments included.
        image_folder: where embedded images are kept by hash; None keeps none.
        passwords: tried in order on it and its attachments, where they are encrypted.
    """
    return _Reader(limits, image_folder, passwords, Allowance(limits)).read(path, name, 0)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a file and what is attached to it, to any depth; `allowance` is what they may still take together."""

    limits: Limits
    image_folder: Path | None
    passwords: tuple[str, ...] = field(repr=False)
    allowance: Allowance

    def read(self, path: str, name: str, depth: int) -> Document:
        document = self._read(path, name, depth)
        if document.status is not Status.ENCRYPTED or document.parser in _SEALED:
            return document
        with unlocked(path, name, self.passwords) as opened:
            if opened is None:
                return replace(document, reason=f"{document.reason} {self._asks_for_password()}")
            found = self._read(opened, name, depth)
        return replace(found, flags=(Flag.UNLOCKED, *found.flags), content_hash=document.content_hash, size_bytes=document.size_bytes)

    def _asks_for_password(self) -> str:
        if not self.passwords:
            return "Put it into the key document_passwords."
        return f"None of the {len(self.passwords)} in the key document_passwords opens it."

    def _read(self, path: str, name: str, depth: int) -> Document:
        size = Path(path).stat().st_size
        content_hash, parser = "", label("kinds")
        reading = Reading(self.limits, self.image_folder, self.allowance)
        children: tuple[Document, ...] = ()
        try:
            if size > self.limits.file_mb * 2**20:
                raise DocumentError(Status.TOO_LARGE, f"The file has {size // 2**20} MB; the limit is {self.limits.file_mb} MB.")
            if size == 0:
                raise DocumentError(Status.EMPTY, "The file has no bytes.")
            content_hash = _hash_of(path)
            found = sniff(path, name)
            if is_disguised(name, found) and found is not Format.UNKNOWN:
                reading.flag(Flag.DISGUISED)
            if found in _REFUSED:
                raise DocumentError(*_refusal(found, name))
            if depth and found in _CONTAINERS:
                self.allowance.unpack(path)
            name_of_parser, read = _PARSERS[found]
            parser = label(name_of_parser)
            read(path, reading)
            children = self._children(reading, depth)
            status, reason = _outcome(reading, children)
        except DocumentError as error:
            status, reason = Status(error.status), error.reason
            if status in _WITHOUT_TEXT:  # a cover without text may carry documents
                children = self._children(reading, depth)
        except RecursionError:
            status, reason = Status.CORRUPT, "It is nested deeper than any document."
        except BaseException as error:  # what Rust code raises where it gives up is no Exception
            if type(error).__name__ != "PanicException":
                raise
            status, reason = Status.CORRUPT, "The workbook's structure can't be read."
        is_kept = status is Status.OK or status in _WITHOUT_TEXT
        if status is Status.EMPTY and reading.full:  # not a word of it was kept, for what came before took all that may be
            status, reason = Status.TOO_LARGE, "The file that it is attached to has more text than the limit."
        return Document(
            name, status, reason, reading.flags, parser, content_hash, size, tuple(reading.elements) if is_kept else (), tuple(reading.images),
            children if is_kept else (), tuple(reading.guesses),
        )  # fmt: skip

    def _children(self, reading: Reading, depth: int) -> tuple[Document, ...]:
        if not reading.attachments:
            return ()
        if depth >= self.limits.attachment_depth:
            reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
            return ()
        children = []
        with tempfile.TemporaryDirectory(prefix="lakedocs-") as folder:
            for attachment in reading.attachments:
                path = Path(folder) / "attachment"
                path.write_bytes(attachment.data)
                children.append(self._child(str(path), attachment, depth + 1))
        return tuple(children)

    def _child(self, path: str, attachment: Attachment, depth: int) -> Document:
        """An attachment as a document; a parser's unforeseen failure on it is its own status, not that of what it came with."""
        try:
            return self.read(path, attachment.name, depth)
        except (MemoryError, OSError):
            raise  # of the process or the storage
        except Exception as error:  # noqa: BLE001 - like the last line of defence in `isolation`, which would lose the whole family
            reason = f"The parser failed on it ({type(error).__name__})."
            return Document(attachment.name, Status.CORRUPT, reason, parser=UNFINISHED, size_bytes=len(attachment.data))


def _outcome(reading: Reading, children: tuple[Document, ...]) -> tuple[Status, str]:
    """The status of a file that its parser read, and why where that needs a reason."""
    if any(element.region != "metadata" for element in reading.elements):
        return Status.OK, reading.notes
    if reading.images:
        return Status.NEEDS_OCR, "It holds images but no text: vision.engine can read them."
    if any(child.status is Status.OK for child in children):
        return Status.OK, "It has no text but that of its attachments."
    return Status.EMPTY, "It holds no text."


def _refusal(found: Format, name: str) -> tuple[Status, str]:
    """An unknown content under a known extension is a damaged file; under any other it is simply not read."""
    if found is Format.UNKNOWN and is_disguised(name, found):
        return Status.CORRUPT, "The content is not what the extension says, nor anything else that is read."
    return _REFUSED[found]


def _hash_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
