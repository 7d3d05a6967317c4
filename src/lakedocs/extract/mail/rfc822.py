"""MIME mails: headers, one body, the text of reports, and attachments of any kind; mailboxes as the mails in them."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.errors import InvalidBase64CharactersDefect, MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import EmailPolicy
from functools import lru_cache
from typing import cast

from lakedocs.errors import DocumentError
from lakedocs.extract.mail import smime, tnef
from lakedocs.extract.mail.elements import add_header, add_paragraphs, one_body
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.letters import decoded
from lakedocs.extract.text.markup import charset_of, html_text
from lakedocs.records import Place, Status

_HEADERS = (
    "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Resent-From", "Resent-To", "Resent-Cc", "Resent-Date", "Organization",
    "Keywords", "Comments", "Newsgroups", "X-Failed-Recipients",
)  # fmt: skip
_HOSTILE = (MessageError, ValueError, LookupError, AttributeError, TypeError, AssertionError)
"""What the parser of the standard library raises for headers and structures that nobody foresaw."""
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_OPAQUE = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_MESSAGES = ("message/rfc822", "message/global", "message/news")
_MAIL_STARTS = re.compile(rb"(?:\A|(?<=\n)\r?\n)(?=From \S+ .*\d{4}\r?\n)")


_LONGEST_HEADER = 8192
_BASE64_LINE = 60
"""Lines of base64 are longer, but for the last."""
_REMEMBERED_HEADER = 1_000
_LINE_ENDS = re.compile(r"[\r\n]+")


class _Policy(EmailPolicy):
    """The standard library's, but a header is parsed once, not at each look, and a very long one (which takes the square of it) not at all."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        if hasattr(value, "name") or len(value) > _LONGEST_HEADER:
            return value
        value = _LINE_ENDS.sub("", value)
        return _header(name, value) if len(value) <= _REMEMBERED_HEADER else cast("str", self.header_factory(name, value))


@lru_cache(256)
def _header(name: str, value: str) -> str:
    return cast("str", email.policy.default.header_factory(name, value))


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a MIME message.

    Raises:
        DocumentError: corrupt, or encrypted.
    """
    with open(path, "rb") as file:
        _read(file.read(), reading)


def read_mailbox(path: str, reading: Reading) -> None:
    """Fill `reading` with the mails of a mailbox as its attachments.

    Raises:
        DocumentError: corrupt, or encrypted, where there is only one mail.
    """
    with open(path, "rb") as file:
        data = file.read()
    starts = [match.end() for match in _MAIL_STARTS.finditer(data)]
    if len(starts) < 2:
        _read(data, reading)
        return
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(data)], strict=True), start=1):
        reading.attach(f"{number}.eml", data[data.index(b"\n", start) + 1 : end])


def _read(data: bytes, reading: Reading) -> None:
    message = _parsed(data)
    for name in _HEADERS:
        for value in _header_values(message, name):
            add_header(reading, name, value)
    _content(message, reading)


def add_content(data: bytes, reading: Reading) -> None:
    """Add the body and the attachments of a MIME message; its headers are those of what wraps it.

    Raises:
        DocumentError: corrupt, or encrypted.
    """
    _content(_parsed(data), reading)


def _parsed(data: bytes) -> EmailMessage:
    try:
        return email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n "), policy=cast("EmailPolicy[EmailMessage]", _Policy()))
    except (*_HOSTILE, RecursionError) as error:
        raise DocumentError(Status.CORRUPT, "The mail's structure can't be read.") from error


def _content(part: EmailMessage, reading: Reading) -> None:
    """A part with what it holds, in its order."""
    kind = _kind(part)
    if kind in _MESSAGES or (_is_attachment(part) and kind.startswith("message/") and part.is_multipart()):
        _forwarded(part, reading)
    elif kind == "multipart/encrypted" and _has_body(reading):
        reading.attach("encrypted.eml", part.as_bytes(policy=email.policy.compat32))
    elif kind == "multipart/encrypted" or (kind in _OPAQUE and not _has_body(reading)):
        _sealed(part, reading)
    elif kind.startswith("multipart/") and not part.is_multipart():  # without a boundary, or with another one
        add_paragraphs(reading, _text(part))
    elif kind == "multipart/alternative":
        _alternative(part, reading)
    elif part.is_multipart():
        if kind in ("message/delivery-status", "message/disposition-notification"):
            add_paragraphs(reading, "\n\n".join(child.as_string(policy=email.policy.compat32) for child in _children(part)), "report")
            return
        for child in _children(part):
            if not (kind == "multipart/signed" and _kind(child) in _SIGNATURES):
                _content(child, reading)
    elif _is_attachment(part):
        _attached(part, reading)
    elif kind == "text/html":
        add_paragraphs(reading, html_text(_text(part)))
    elif kind.startswith(("text/", "message/")):
        add_paragraphs(reading, _text(part))
    elif kind.startswith("image/"):
        data = _data(part)
        if data:
            reading.save_image(lambda: data, part.get_content_subtype(), Place(part="body"))
    else:
        _attached(part, reading)


def _alternative(part: EmailMessage, reading: Reading) -> None:
    """One of the texts that say the same, and all that is no such text."""
    leaves = [leaf for child in _children(part) for leaf in _leaves(child)]
    texts = {kind: "\n\n".join(_text(leaf) for leaf in leaves if _is_text(leaf, kind)) for kind in ("text/plain", "text/html", "text/enriched")}
    body = one_body(texts["text/plain"], texts["text/html"]) or texts["text/enriched"]
    add_paragraphs(reading, body)
    for leaf in leaves:
        if not any(_is_text(leaf, kind) for kind in texts):
            _content(leaf, reading)


def _leaves(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold content, in order; mails, reports and what is sealed stay whole."""
    kind = _kind(part)
    if kind.startswith("message/") or kind == "multipart/encrypted" or not part.is_multipart():
        yield part
        return
    for child in _children(part):
        yield from _leaves(child)


def _children(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [cast("EmailMessage", child) for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_text(part: EmailMessage, kind: str) -> bool:
    return not part.is_multipart() and _kind(part) == kind and not _is_attachment(part)


def _is_attachment(part: EmailMessage) -> bool:
    return _disposition(part) == "attachment" or (bool(_filename(part)) and _kind(part) not in ("text/plain", "text/html"))


def _forwarded(part: EmailMessage, reading: Reading) -> None:
    children = _children(part)
    if children:
        reading.attach(_filename(part) or "forwarded.eml", children[0].as_bytes(policy=email.policy.compat32))


def _attached(part: EmailMessage, reading: Reading) -> None:
    name, data = _filename(part), _data(part)
    if tnef.is_tnef(data):
        tnef.add(data, reading)
    elif data or name:
        reading.attach(name or f"attachment.{part.get_content_subtype()}", data)


def _has_body(reading: Reading) -> bool:
    """Whether the mail can be read already: then what is sealed is an attachment with a status of its own."""
    return any(element.region != "mail_header" for element in reading.elements)


def _sealed(part: EmailMessage, reading: Reading) -> None:
    """A mail within a signature is read as this one; one that is encrypted is not."""
    if _kind(part) == "multipart/encrypted":
        raise DocumentError(Status.ENCRYPTED, "The mail is encrypted.")
    add_content(smime.content_of(_data(part)), reading)


def _header_values(message: EmailMessage, name: str) -> list[str]:
    raw = [value for key, value in message.raw_items() if key.lower() == name.lower()]
    try:
        values = message.get_all(name, [])
        return [_shown_header(str(value), bool(getattr(value, "defects", ())), text) for value, text in zip(values, raw, strict=True)]
    except (*_HOSTILE, RecursionError):
        # the parser of structured headers fails on hostile values; the raw ones are still text
        return [_bytes_as_text(str(value)) for value in raw]


def _shown_header(parsed: str, is_defective: bool, raw: str) -> str:
    """The header as it was parsed, unless that lost something: bytes without an encoding, or people in a list with Outlook's semicolons."""
    if not raw.isascii():
        return _bytes_as_text(raw)
    return _unstructured(raw) if is_defective else parsed


def _bytes_as_text(value: str) -> str:
    """A header with letters that no encoded word declares: they came as bytes, and are in what encoding they are."""
    if value.isascii():
        return value
    try:
        return decoded(value.encode("ascii", "surrogateescape")).text
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode("utf-8")


def _unstructured(raw: str) -> str:
    try:
        return str(make_header(decode_header(raw)))
    except _HOSTILE:
        return raw


def _kind(part: EmailMessage) -> str:
    try:
        return part.get_content_type()
    except _HOSTILE:
        return "application/octet-stream"


def _filename(part: EmailMessage) -> str:
    try:
        return _bytes_as_text(part.get_filename() or "")
    except _HOSTILE:
        return "unnamed"


def _disposition(part: EmailMessage) -> str:
    try:
        return part.get_content_disposition() or ""
    except _HOSTILE:
        return ""


def _data(part: EmailMessage) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except _HOSTILE:
        data = None
    return data if isinstance(data, bytes) else b""


def _text(part: EmailMessage) -> str:
    data = _data(part)
    if any(isinstance(defect, InvalidBase64CharactersDefect) for defect in part.defects):
        raw = part.get_payload()
        words = str(raw).split() if isinstance(raw, str) else []
        if len(words) > 1 and max(map(len, words)) < _BASE64_LINE:  # called base64, and is plain words
            data = str(raw).encode("utf-8", "surrogateescape")
    try:
        declared = part.get_content_charset() or ""
    except _HOSTILE:
        declared = ""
    return decoded(data, declared or (charset_of(data) if _kind(part) == "text/html" else "")).text
