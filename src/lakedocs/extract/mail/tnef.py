"""winmail.dat (TNEF): the body and the attachments that Outlook wrapped for itself."""

from __future__ import annotations

import struct

from tnefparse import TNEF
from tnefparse.mapi import TNEFMAPI_Attribute
from tnefparse.tnef import TNEFAttachment

from lakedocs.errors import DocumentError
from lakedocs.extract.mail.elements import add_header, add_paragraphs, one_body
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import decoded
from lakedocs.extract.text.markup import charset_of
from lakedocs.extract.text.rich_text import text_of_body
from lakedocs.records import Status

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, struct.error, UnboundLocalError, OverflowError)
"""What tnefparse raises for damaged properties."""
_SUBJECT, _SENDER, _DISPLAY_TO, _LONG_NAME = 0x0037, 0x0C1A, 0x0E04, 0x3707


def is_tnef(head: bytes) -> bool:
    """Whether bytes begin as TNEF, whatever they are called."""
    return head.startswith(_SIGNATURE)


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a winmail.dat that is a file of its own.

    Raises:
        DocumentError: corrupt.
    """
    with open(path, "rb") as file:
        wrapped = _opened(file.read())
    for name, tag in (("From", _SENDER), ("To", _DISPLAY_TO), ("Subject", _SUBJECT)):
        add_header(reading, name, _property(wrapped.mapiprops, tag))
    add_paragraphs(reading, _body(wrapped))
    _attach(wrapped, reading)


def add(data: bytes, reading: Reading) -> None:
    """Add what a mail has in its winmail.dat: the attachments, and the body where the mail has no other.

    One that is damaged is kept as an attachment, which ends with a status of its own.
    """
    try:
        wrapped = _opened(data)
    except DocumentError:
        reading.attach("winmail.dat", data)
        return
    if not any(element.region != "mail_header" for element in reading.elements):
        add_paragraphs(reading, _body(wrapped))
    _attach(wrapped, reading)


def _opened(data: bytes) -> TNEF:
    try:
        return TNEF(data, do_checksum=False)
    except _BROKEN as error:
        raise DocumentError(Status.CORRUPT, "The properties in the winmail.dat can't be read.") from error


def _body(wrapped: TNEF) -> str:
    plain, markup = _as_text(wrapped.body), _as_text(wrapped.htmlbody)
    return one_body(plain, markup) or text_of_body(_rtf(wrapped))


def _rtf(wrapped: TNEF) -> bytes:
    """The compressed RTF body; tnefparse takes zeros from its end, of which the decoder needs one."""
    body = getattr(wrapped, "_rtfbody", None)
    return body + b"\x00" if isinstance(body, bytes) and body else b""


def _as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    return decoded(value, charset_of(value)).text if isinstance(value, bytes) else str(value or "")


def _property(properties: list[TNEFMAPI_Attribute], tag: int) -> str:
    try:
        return next((_as_text(entry.data) for entry in properties if entry.name == tag), "")
    except _BROKEN:
        return ""  # one damaged property costs itself


def _attach(wrapped: TNEF, reading: Reading) -> None:
    for number, attachment in enumerate(wrapped.attachments, start=1):
        data = attachment.data if isinstance(attachment.data, bytes) else b""
        name = _name(attachment) or f"attachment {number}"
        reading.attach(f"{name}.tnef" if is_tnef(data) else name, data)


def _name(attachment: TNEFAttachment) -> str:
    name = _property(attachment.mapi_attrs, _LONG_NAME)
    return (name or _as_text(getattr(attachment, "_name", b""))).strip("\x00 ")
