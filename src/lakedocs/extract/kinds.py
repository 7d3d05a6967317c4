"""Which parser reads a file: its content decides, whatever it is called."""

from __future__ import annotations

import re
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path

import olefile

from lakedocs.errors import DocumentError
from lakedocs.extract.binary.directory import directory_of
from lakedocs.extract.extensions import extension_of
from lakedocs.extract.limits import zip_entries
from lakedocs.extract.mail.smime import is_smime
from lakedocs.extract.mail.tnef import is_tnef
from lakedocs.extract.text.letters import decoded
from lakedocs.extract.text.plain_text import looks_like_text
from lakedocs.extract.text.table_form import looks_like_table
from lakedocs.records import Status


class Format(StrEnum):
    """What the bytes are, whatever the file is called."""

    DOCX = "docx"
    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    PPTX = "pptx"
    PDF = "pdf"
    MSG = "msg"
    EML = "eml"
    MAILBOX = "mbox"
    TNEF = "tnef"
    SMIME = "smime"
    TEXT_TABLE = "csv"
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    RTF = "rtf"
    OPEN_TEXT = "odt"
    OPEN_CELLS = "ods"
    OPEN_SLIDES = "odp"
    ENCRYPTED_OFFICE = "encrypted_office"
    OLD_WORD = "doc"
    OLD_POWERPOINT = "ppt"
    UNKNOWN = "unknown"


_EXPECTED: dict[str, frozenset[Format]] = {
    "doc": frozenset({Format.OLD_WORD}),
    "dot": frozenset({Format.OLD_WORD}),
    "xls": frozenset({Format.XLS}),
    "xlt": frozenset({Format.XLS}),
    "ppt": frozenset({Format.OLD_POWERPOINT}),
    "pps": frozenset({Format.OLD_POWERPOINT}),
    "xlsb": frozenset({Format.XLSB}),
    "pdf": frozenset({Format.PDF}),
    "msg": frozenset({Format.MSG}),
    "eml": frozenset({Format.EML, Format.MAILBOX}),
    "csv": frozenset({Format.TEXT_TABLE}),
    "tsv": frozenset({Format.TEXT_TABLE}),
    "rtf": frozenset({Format.RTF}),
    "odt": frozenset({Format.OPEN_TEXT}),
    "ods": frozenset({Format.OPEN_CELLS}),
    "odp": frozenset({Format.OPEN_SLIDES}),
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), frozenset({Format.DOCX})),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm"), frozenset({Format.XLSX})),
    **dict.fromkeys(("pptx", "pptm", "ppsx", "ppsm", "potx"), frozenset({Format.PPTX})),
}

_MAIL_HEADERS = (
    b"received:", b"from:", b"to:", b"subject:", b"date:", b"mime-version:", b"return-path:", b"message-id:", b"delivered-to:",
    b"x-", b"content-type:", b"reply-to:", b"cc:", b"sender:", b"dkim-signature:", b"from ",
)  # fmt: skip
_OF_TRANSPORT = (b"received:", b"mime-version:", b"return-path:", b"message-id:", b"delivered-to:", b"dkim-signature:", b"x-mailer:")
"""Headers that programs write: a memo that somebody typed begins with From, To and Date, too, and every line of it is text."""
_HARMLESS_BYTES = 64 * 2**20
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_OPEN_DOCUMENTS = {
    f"application/vnd.oasis.opendocument.{kind}": found
    for kind, found in (("text", Format.OPEN_TEXT), ("spreadsheet", Format.OPEN_CELLS), ("presentation", Format.OPEN_SLIDES))
}
_TEXTS = frozenset({"txt", "text", "tab", "md", "markdown", "log", "ics", "vcf", "rst", "xls"})
"""What is read as text where it is text; programs export tables of it as xls, too."""
_MACRO_PARTS = ("vbaproject.bin",)
_IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")


def is_disguised(name: str, found: Format) -> bool:
    """Whether the extension promised another kind of content than was found."""
    expected = _EXPECTED.get(extension_of(name))
    return expected is not None and found not in expected and found is not Format.ENCRYPTED_OFFICE


def sniff(path: str, name: str) -> Format:
    """The format of a file's content.

    Raises:
        DocumentError: `corrupt` when the bytes begin as a known container that can't be opened.
    """
    with open(path, "rb") as file:
        head = file.read(8192)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_zip(path)
    if head.startswith(olefile.MAGIC):
        return _sniff_ole(path)
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith(b"{\\rtf"):
        return Format.RTF
    if head.startswith(_IMAGE_SIGNATURES):
        return Format.UNKNOWN
    if is_tnef(head):
        return Format.TNEF
    if is_smime(head):
        return Format.SMIME
    if head.startswith((b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")):
        return Format.XLS  # a bare BIFF stream, as Excel 2 to 5 wrote it
    return _sniff_text(head, extension_of(name))


def _sniff_text(head: bytes, extension: str) -> Format:
    if extension in ("csv", "tsv"):
        return Format.TEXT_TABLE
    if extension in ("html", "htm", "xhtml") or _MARKUP.match(head):
        return Format.HTML
    if _looks_like_mail(head, is_typed=extension in _TEXTS):
        return Format.MAILBOX if head.startswith(b"From ") else Format.EML
    if extension == "eml":
        return Format.EML
    if extension in _TEXTS and looks_like_text(head):
        if extension in ("md", "markdown"):
            return Format.MARKDOWN
        return Format.TEXT_TABLE if extension in ("tab", "xls") or looks_like_table(decoded(head).text) else Format.TEXT
    return Format.UNKNOWN


def _looks_like_mail(head: bytes, *, is_typed: bool) -> bool:
    lines = [line for line in head.lstrip(b"\xef\xbb\xbf\r\n\t ").splitlines()[:40] if line.strip()]
    if not lines or not lines[0].lower().startswith(_MAIL_HEADERS):
        return False
    if is_typed and not any(line.lower().startswith(_OF_TRANSPORT) for line in lines):
        return False
    return sum(line.lower().startswith(_MAIL_HEADERS) for line in lines) >= 2


def _sniff_zip(path: str) -> Format:
    names = [info.filename.lower().replace("\\", "/") for info in zip_entries(path)]
    if "mimetype" in names:
        declared = _declared(path)
        for start, found in _OPEN_DOCUMENTS.items():
            if declared.startswith(start):
                return found
    for name in names:
        if name.startswith("word/"):
            return Format.DOCX
        if name.startswith("ppt/"):
            return Format.PPTX
        if name.startswith("xl/"):
            return Format.XLSB if any(n.endswith("workbook.bin") for n in names) else Format.XLSX
    return Format.UNKNOWN


def _declared(path: str) -> str:
    """The media type that a container names in its first part, as OpenDocument wants it."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("mimetype") as declared:
            return declared.read(200).decode("ascii", "replace")
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DocumentError(Status.CORRUPT, "The file begins as a ZIP container but its directory can't be read.") from error


def _sniff_ole(path: str) -> Format:
    try:
        directory = directory_of(path)
    except ValueError as error:
        raise DocumentError(Status.CORRUPT, "The file begins as an OLE container but its directory can't be read.") from error
    if directory.claimed_bytes > max(2 * Path(path).stat().st_size, _HARMLESS_BYTES):
        raise DocumentError(Status.CORRUPT, "The streams of the OLE container claim to be larger than the file.")
    streams = directory.streams
    if "encryptedpackage" in streams or "encryptioninfo" in streams:
        return Format.ENCRYPTED_OFFICE
    if "worddocument" in streams:
        return Format.OLD_WORD
    if "powerpoint document" in streams:
        return Format.OLD_POWERPOINT
    if "workbook" in streams or "book" in streams:
        return Format.XLS
    if any(name.startswith(("__properties_version", "__substg1.0")) for name in streams | directory.storages):
        return Format.MSG
    return Format.UNKNOWN


def has_macros(names: list[str]) -> bool:
    """Whether a container's part names show a macro project."""
    return any(name.lower().endswith(_MACRO_PARTS) for name in names)
