"""Outlook's .msg: mails, appointments, contacts and tasks with their fields, one body, attachments of any kind.

What every item has is read from its streams. extract-msg says what the fields of appointments, contacts and the like are called and how
Outlook prints them, and unwraps the objects that other programs attached.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32

import extract_msg
from extract_msg.enums import ErrorBehavior
from extract_msg.exceptions import ExMsgBaseException
from extract_msg.msg_classes import MSGFile
from extract_msg.utils import decodeRfc2047

from lakedocs.errors import DocumentError
from lakedocs.extract.binary.compound import compound_at
from lakedocs.extract.mail.elements import add_header, add_paragraphs, one_body
from lakedocs.extract.mail.outlook_item import Item
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
_SIGNED_CLASSES = ("smime", "smime.multipartsigned")
_CLASS, _SUBJECT, _HEADERS, _BODY, _HTML, _RTF = "001a", "0037", "007d", "1000", "1013", "1009"
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP = "0c1a", "0c1f", "5d01"
_SENT, _FLAGS, _UNSENT = 0x00390040, 0x0E070003, 8
_RECIPIENTS = (("To", 1, "0e04"), ("Cc", 2, "0e03"), ("Bcc", 3, "0e02"))
"""A field, the kind of its recipients, and what Outlook shows of them in an item that lacks the list."""
_OF_EXCHANGE = "Microsoft Mail Internet Headers Version 2.0"
_ATTACHED, _LONG_NAME, _SHORT_NAME, _SHOWN_NAME = "3701", "3707", "3704", "3001"
_TIMES = {"Start": ("appointmentStartWhole", "clipStart"), "End": ("appointmentEndWhole", "clipEnd")}
_SAID_BY_MAIL = frozenset({"Subject", "From", "To", "Cc", "Bcc", "Importance"})
_NOTHING = frozenset({"", "Unknown", "Unknown <Unknown>", "(none)"})


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with an Outlook item.

    Raises:
        DocumentError: corrupt, or encrypted.
    """
    try:
        with compound_at(path) as compound:
            _add(Item(compound), path, reading)
    except ValueError as error:
        raise DocumentError(Status.CORRUPT, "The Outlook item's properties can't be read.") from error


def _add(item: Item, path: str, reading: Reading) -> None:
    item_class = item.text(_CLASS).lower()
    for name, value in _fields(item):
        add_header(reading, name, value)
    if item_class and not item_class.startswith("ipm.note"):
        for name, value in _fields_of_class(item, path):
            add_header(reading, name, value)
    attachments = item.attachments()
    if item_class.endswith(_SIGNED_CLASSES) and (signed := next((data for each in attachments if (data := item.data(_ATTACHED, each))), b"")):
        add_content(content_of(signed) if is_smime(signed) else signed, reading)  # kept whole, as the one attachment
        return
    add_paragraphs(reading, _body(item))
    objects: Mapping[str, bytes] | None = None
    for storage in attachments:
        data = item.data(_ATTACHED, storage)
        if data is not None:
            _attach(_name_of(item, storage), data, reading)
        elif (embedded := item.embedded_item(storage)) is not None:
            _attach_item(item, storage, embedded, reading)
        else:
            objects = _objects(item, path) if objects is None else objects
            _attach(_name_of(item, storage), objects.get(storage, b""), reading)


def _fields(item: Item) -> Iterator[tuple[str, str]]:
    """The fields of a mail: as its own headers have them, else as Outlook keeps them."""
    headers: Message = HeaderParser(policy=compat32).parsestr(item.text(_HEADERS).removeprefix(_OF_EXCHANGE).lstrip())
    sender = _header(headers, "From") or _with_address(item.text(_SENDER_NAME), item.text(_SENDER_SMTP))
    address = item.text(_SENDER_ADDRESS)
    yield "From", _with_address(sender, address) if "@" in address and address not in sender else sender
    recipients = list(item.recipients())
    for name, kind, shown in _RECIPIENTS:
        listed = "; ".join(recipient.shown for recipient in recipients if recipient.kind == kind)
        yield name, _header(headers, name) or listed or item.text(shown)
    sent = None if (item.number(_FLAGS) or 0) & _UNSENT else item.time(_SENT)
    yield "Date", _shown(sent)
    yield "Subject", item.text(_SUBJECT)
    yield "Keywords", "; ".join(item.keywords())


def _header(headers: Message, name: str) -> str:
    value = headers[name]
    if not value:
        return ""
    try:
        return str(decodeRfc2047(str(value)))
    except _BROKEN:
        return str(value)


def _with_address(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address else name or address


def _fields_of_class(item: Item, path: str) -> Iterator[tuple[str, str]]:
    """What items of other classes have beside the fields of a mail, as Outlook prints them."""
    with _opened(path, item.text_encoding) as opened:
        printed = _property(opened, "headerFormatProperties") if opened is not None and not isinstance(opened, extract_msg.Message) else None
        for group in printed.values() if isinstance(printed, dict) else ():
            for name, value in group.items() if isinstance(group, dict) else ():
                shown = _shown(value[0] if isinstance(value, tuple) else value)
                if not shown:
                    shown = next((shown for attribute in _TIMES.get(name, ()) if (shown := _shown(_property(opened, attribute)))), "")
                if name not in _SAID_BY_MAIL and shown not in _NOTHING:
                    yield name, shown


def _objects(item: Item, path: str) -> Mapping[str, bytes]:
    """What other programs attached, such as pictures, by the storages in which they keep it."""
    with _opened(path, item.text_encoding) as opened:
        attachments = _property(opened, "attachments")
        found = ((str(_property(each, "dir")).lower(), _property(each, "data")) for each in attachments) if isinstance(attachments, list) else ()
        return {storage: data for storage, data in found if isinstance(data, bytes)}


@contextmanager
def _opened(path: str, encoding: str) -> Iterator[MSGFile | None]:
    """The item as extract-msg reads it, or None where it can't."""
    try:
        opened = extract_msg.openMsg(path, errorBehavior=ErrorBehavior.SUPPRESS_ALL, delayAttachments=True, overrideEncoding=encoding or None)
    except _BROKEN:
        yield None
        return
    with opened:
        yield opened


def _shown(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _body(item: Item) -> str:
    """The plain text, or that of the HTML or the RTF where there is no other."""
    plain = item.text(_BODY)
    markup = item.data(_HTML)
    body = one_body(plain, decoded(markup, charset_of(markup) or item.internet_encoding).text if markup else item.text(_HTML))
    return body if body.strip() else text_of_body(item.data(_RTF) or b"")


def _property(item: object, name: str) -> object:
    """A property, or None where extract-msg fails on its bytes; what else the item holds is still read."""
    try:
        return getattr(item, name, None)
    except _BROKEN:
        return None


def _name_of(item: Item, storage: str) -> str:
    name = item.text(_LONG_NAME, storage) or item.text(_SHORT_NAME, storage)
    return name.replace("\x00", "") or "attachment"


def _attach(name: str, data: bytes, reading: Reading) -> None:
    if not data:  # a link to a cloud, an object that only its program can read, or damaged: there are no bytes to read
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
    elif is_tnef(data):
        add_tnef(data, reading)
    else:
        reading.attach(name, data)


def _attach_item(item: Item, storage: str, data: bytes, reading: Reading) -> None:
    name = item.text(_LONG_NAME, storage) or item.text(_SHORT_NAME, storage) or item.text(_SHOWN_NAME, storage)
    name = name.replace("\x00", "") or "attachment"
    _attach(name if name.lower().endswith(".msg") else f"{name}.msg", data, reading)
