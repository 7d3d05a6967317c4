"""Outlook's .msg: mails, appointments, contacts and tasks with their fields, one body, attachments of any kind."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import extract_msg
import olefile
from extract_msg.constants.ps import PS_PUBLIC_STRINGS
from extract_msg.encoding import lookupCodePage
from extract_msg.enums import ErrorBehavior
from extract_msg.exceptions import ExMsgBaseException
from extract_msg.msg_classes import MessageSigned, MSGFile

from lakedocs.errors import DocumentError
from lakedocs.extract.mail.elements import add_header, add_paragraphs, one_body
from lakedocs.extract.mail.rfc822 import add_content
from lakedocs.extract.mail.smime import content_of, is_smime
from lakedocs.extract.mail.tnef import add as add_tnef
from lakedocs.extract.mail.tnef import is_tnef
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import decoded
from lakedocs.extract.text.markup import charset_of
from lakedocs.extract.text.rich_text import text_of_body
from lakedocs.records import Flag, Status

_BROKEN = (ExMsgBaseException, OSError, ValueError, LookupError, AttributeError, TypeError, NotImplementedError, OverflowError, struct.error)
"""What extract-msg raises for bytes that are not as the format wants them."""
_UNREADABLE = "The Outlook item's properties can't be read."
_SIGNED_CLASSES = ("smime", "smime.multipartsigned")
_MAIL_FIELDS = (("From", "sender"), ("To", "to"), ("Cc", "cc"), ("Bcc", "bcc"), ("Date", "date"), ("Subject", "subject"))
_DISPLAYED = {"to": "0E04", "cc": "0E03", "bcc": "0E02"}
"""What Outlook shows of the recipients (MS-OXPROPS: PidTagDisplayTo, ...), for items that lack the list of them."""
_SENDER_ADDRESS, _BODY, _HTML, _RTF = "0C1F", "1000", "1013", "1009"
_TIMES = {"Start": ("appointmentStartWhole", "clipStart"), "End": ("appointmentEndWhole", "clipEnd")}
_SAID_BY_MAIL = frozenset({"Subject", "From", "Importance"})
_NOTHING = frozenset({"", "Unknown", "Unknown <Unknown>", "(none)"})
_MESSAGE_CODE_PAGE, _INTERNET_CODE_PAGE = "3FFD0003", "3FDE0003"
_EIGHT_BIT, _SIXTEEN_BIT, _BINARY = "001E", "001F", "0102"
_NO_CODE_PAGE = frozenset({20127, 65000, 65001, 1200})
"""What senders write as the code page of the mail on its way, and that no text within the file is in."""
_ANSI = {50220: 932, 50221: 932, 50222: 932, 51932: 932, 20932: 932, 50225: 949, 51949: 949, 50227: 936, 51936: 936, 52936: 936, 54936: 936,
         20866: 1251, 21866: 1251, 28591: 1252, 28605: 1252, 28592: 1250, 28594: 1257, 28595: 1251, 28597: 1253, 28598: 1255, 38598: 1255,
         28599: 1254}  # fmt: skip
"""The code page of Windows that a program which sends in this one keeps its texts in."""


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with an Outlook item.

    Raises:
        DocumentError: corrupt, or encrypted.
    """
    with _opened(path) as item:
        for name, value in _fields(item):
            add_header(reading, name, value)
        if (signed := _signed_content(item)) is not None:
            add_content(signed, reading)
            return
        add_paragraphs(reading, _body(item))
        attachments = _property(item, "attachments")
        if not isinstance(attachments, list):
            reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
            return
        for attachment in attachments:
            _attach(attachment, reading)


@contextmanager
def _opened(path: str) -> Iterator[MSGFile]:
    """The item; its 8-bit texts in the code page that it names, or that they are in.

    The container is opened once: what extract-msg makes of its class reads from the one in which the class was found.
    """
    try:
        container = MSGFile(path, errorBehavior=ErrorBehavior.SUPPRESS_ALL, delayAttachments=True)
    except _BROKEN as error:
        raise DocumentError(Status.CORRUPT, _UNREADABLE) from error
    with container:
        try:
            item = _of_its_class(container)
        except _BROKEN as error:
            raise DocumentError(Status.CORRUPT, _UNREADABLE) from error
        yield item


def _of_its_class(container: MSGFile) -> MSGFile:
    encoding = None if container.areStringsUnicode else _encoding(container)
    class_type = (container.classType or "").lower()
    # what most items are need not be looked for by openMsg, which reads their properties once more
    is_mail = class_type.startswith("ipm.note") and not class_type.endswith(_SIGNED_CLASSES)
    make = extract_msg.Message if is_mail else extract_msg.openMsg
    return make(container.path, parentMsg=container, errorBehavior=ErrorBehavior.SUPPRESS_ALL, delayAttachments=True, overrideEncoding=encoding)


def _encoding(item: MSGFile) -> str | None:
    """What the item's 8-bit texts are in, where extract-msg would not find it; None where it does."""
    texts = [data for stream in item.slistDir() if stream.endswith(_EIGHT_BIT) and (data := (item.getStream(stream) or b"").rstrip(b"\x00"))]
    joined = b"\n".join(texts)
    if joined.isascii():
        return None
    for page in (item.getPropertyVal(_MESSAGE_CODE_PAGE), item.getPropertyVal(_INTERNET_CODE_PAGE)):
        try:
            name = lookupCodePage(_ANSI.get(page, page)) if isinstance(page, int) and page not in _NO_CODE_PAGE else ""
            if name:
                joined.decode({"shift_jis": "cp932"}.get(name, name))
                return name if name != "shift_jis" else "cp932"
        except (UnicodeDecodeError, LookupError, ExMsgBaseException):
            continue
    return decoded(joined).encoding


def _fields(item: MSGFile) -> Iterator[tuple[str, str]]:
    """The item's fields as Outlook prints them: those of a mail, and what its class has beside."""
    for name, attribute in _MAIL_FIELDS:
        value = _property(item, attribute) or _text(item, _DISPLAYED.get(attribute, ""))
        shown = _shown(value)
        if name == "From" and (address := _text(item, _SENDER_ADDRESS)) and "@" in address and address not in shown:
            shown = f"{shown} <{address}>".strip()
        yield name, shown
    yield "Keywords", _shown(_keywords(item))
    if isinstance(item, extract_msg.Message):
        return
    printed = _property(item, "headerFormatProperties")
    for group in printed.values() if isinstance(printed, dict) else ():
        for name, value in group.items() if isinstance(group, dict) else ():
            shown = _shown(value[0] if isinstance(value, tuple) else value)
            if not shown:
                shown = next((shown for attribute in _TIMES.get(name, ()) if (shown := _shown(_property(item, attribute)))), "")
            if name not in _SAID_BY_MAIL and shown not in _NOTHING:
                yield name, shown


def _keywords(item: MSGFile) -> object:
    try:
        return item.getNamedProp("Keywords", PS_PUBLIC_STRINGS)
    except _BROKEN:
        return None


def _shown(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _body(item: MSGFile) -> str:
    """The plain text, or that of the HTML or the RTF where there is no other."""
    plain = _text(item, _BODY)
    markup = _bytes(item, _HTML)
    body = one_body(plain, decoded(markup, charset_of(markup) or _internet_encoding(item)).text if markup else _text(item, _HTML))
    return body if body.strip() else text_of_body(_bytes(item, _RTF))


def _internet_encoding(item: MSGFile) -> str:
    page = item.getPropertyVal(_INTERNET_CODE_PAGE)
    try:
        return lookupCodePage(page & 0xFFFF) if isinstance(page, int) else ""
    except ExMsgBaseException:
        return ""


def _signed_content(item: MSGFile) -> bytes | None:
    """The MIME content of a signed mail, which Outlook keeps whole as its one attachment; None for every other item."""
    attachments = _property(item, "rawAttachments") if isinstance(item, MessageSigned) else None
    for attachment in attachments if isinstance(attachments, list) else ():
        data = _property(attachment, "data")
        if isinstance(data, bytes) and data:
            return content_of(data) if is_smime(data) else data
    return None


def _text(item: MSGFile, tag: str) -> str:
    """A text property by its tag, in the width that it has; empty where there is none."""
    if not tag:
        return ""
    wide = _stream(item, tag + _SIXTEEN_BIT)
    if wide:
        return wide.decode("utf-16-le", "replace")
    narrow = _stream(item, tag + _EIGHT_BIT)
    if not narrow:
        return ""
    encoding = "" if item.areStringsUnicode else str(_property(item, "stringEncoding") or "")
    return decoded(narrow.rstrip(b"\x00"), encoding).text


def _bytes(item: MSGFile, tag: str) -> bytes:
    return _stream(item, tag + _BINARY)


def _stream(item: MSGFile, name: str) -> bytes:
    try:
        return item.getStream(f"__substg1.0_{name}") or b""
    except _BROKEN:
        return b""


def _property(item: object, name: str) -> object:
    """A property, or None where extract-msg fails on its bytes; what else the item holds is still read."""
    try:
        return getattr(item, name, None)
    except _BROKEN:
        return None


def _attach(attachment: object, reading: Reading) -> None:
    name = str(_property(attachment, "longFilename") or _property(attachment, "shortFilename") or _property(attachment, "name") or "attachment")
    name = name.replace("\x00", "")
    data = _property(attachment, "data")
    if isinstance(data, bytes):
        if is_tnef(data):
            add_tnef(data, reading)
        else:
            reading.attach(name, data)
    elif isinstance(data, MSGFile):
        exported = _exported(data)
        if exported is None:
            reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
        else:
            reading.attach(name if name.lower().endswith(".msg") else f"{name}.msg", exported)
    else:  # a link to a cloud, or damaged: there are no bytes to read
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)


def _exported(item: MSGFile) -> bytes | None:
    try:
        exported = item.exportBytes()
    except _BROKEN:
        return None
    return exported if exported.startswith(olefile.MAGIC) else None
