"""Mail: headers, one body (plain text, else HTML as text), attachments of any kind; RFC 822 files and Outlook's .msg."""

from __future__ import annotations

import email
import email.policy
import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from typing import cast

import extract_msg
import olefile
from extract_msg.enums import ErrorBehavior
from extract_msg.exceptions import ExMsgBaseException
from lxml import etree, html

from lakedocs.errors import DocumentError
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Status

_HEADERS = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject")
_HEADER_PIECE = 1000
_DISPLAYED = {"to": "0E04", "cc": "0E03", "bcc": "0E02"}
"""What Outlook shows of the recipients (MS-OXPROPS: PidTagDisplayTo, ...), for items that lack the list of them."""
_SENDER_ADDRESS = "0C1F"
_BLANK_LINES = re.compile(r"\n\s*\n+")
_BLOCK_TAGS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre", "ul", "ol"})


def read_rfc822(path: str, reading: Reading) -> None:
    """Fill `reading` with a MIME message.

    Raises:
        DocumentError: corrupt.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        message = email.message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n "), policy=email.policy.default)
    except (MessageError, ValueError, LookupError, AttributeError, IndexError, TypeError) as error:
        raise DocumentError(Status.CORRUPT, "The mail's structure can't be read.") from error
    _message(message, reading)


def _message(message: EmailMessage, reading: Reading) -> None:
    for name in _HEADERS:
        for value in _header_values(message, name):
            _header(reading, name, value)
    body_parts: list[tuple[str, str]] = []
    for part in _leaves(message):
        filename = _filename(part)
        kind = part.get_content_type()
        is_attachment = _disposition(part) == "attachment" or (filename and kind not in ("text/plain", "text/html"))
        if kind == "message/rfc822" or (is_attachment and kind.startswith("message/")):
            inner = part.get_payload()
            inner_message = inner[0] if isinstance(inner, list) and inner else None
            if isinstance(inner_message, Message):
                reading.attach(filename or "forwarded.eml", inner_message.as_bytes(policy=email.policy.compat32))
        elif is_attachment:
            data = part.get_payload(decode=True)
            reading.attach(filename or f"attachment.{part.get_content_subtype()}", data if isinstance(data, bytes) else b"")
        elif kind.startswith("text/"):
            body_parts.append((kind, _decoded(part)))
        elif kind.startswith("image/"):
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and data:
                reading.save_image(lambda data=data: data, part.get_content_subtype(), Place(part="body"))  # type: ignore[misc]
        else:
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and data:
                reading.attach(f"attachment.{part.get_content_subtype()}", data)
    _body(reading, body_parts)


def _leaves(part: Message) -> list[EmailMessage]:
    """The parts that hold content, in order; forwarded messages stay whole."""
    if part.get_content_type() in ("message/rfc822", "message/external-body") or not part.is_multipart():
        return [cast("EmailMessage", part)]
    payload = part.get_payload()
    leaves = [leaf for child in payload if isinstance(child, Message) for leaf in _leaves(child)] if isinstance(payload, list) else []
    if part.get_content_type() == "multipart/alternative" and any(_is_body(leaf, "text/plain") and _decoded(leaf).strip() for leaf in leaves):
        return [leaf for leaf in leaves if not _is_body(leaf, "text/html")]  # the same again
    return leaves


def _is_body(part: EmailMessage, kind: str) -> bool:
    return part.get_content_type() == kind and _disposition(part) != "attachment"


def _header_values(message: EmailMessage, name: str) -> list[str]:
    raw = [value for key, value in message.raw_items() if key.lower() == name.lower()]
    try:
        values = message.get_all(name, [])
        # where a list of addresses is not as the standard wants it (Outlook's semicolons), the parsed one lacks people
        return [str(value) if not getattr(value, "defects", ()) else _unstructured(text) for value, text in zip(values, raw, strict=True)]
    except (MessageError, ValueError, LookupError, AttributeError, IndexError, TypeError):
        # the parser of structured headers fails on hostile values; the raw ones are still text
        return raw


def _unstructured(raw: str) -> str:
    try:
        return str(make_header(decode_header(raw)))
    except (MessageError, ValueError, LookupError):
        return raw


def _filename(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except (MessageError, ValueError, LookupError, AttributeError, IndexError, TypeError):
        return "unnamed"


def _disposition(part: EmailMessage) -> str:
    try:
        return part.get_content_disposition() or ""
    except (MessageError, ValueError, LookupError, AttributeError, IndexError, TypeError):
        return ""


def _decoded(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    charset = part.get_content_charset() or "utf-8"
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")


def _body(reading: Reading, parts: list[tuple[str, str]]) -> None:
    for kind, text in parts:
        add_paragraphs(reading, html_text(text) if kind == "text/html" else text)


def add_paragraphs(reading: Reading, text: str) -> None:
    """The blank-line separated paragraphs of a mail body."""
    for paragraph in _BLANK_LINES.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        reading.add("paragraph", paragraph, place=Place(part="body"))


def html_text(markup: str) -> str:
    """HTML as lines of text, without scripts and styles; comments are left out."""
    try:
        root = html.document_fromstring(markup.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return ""
    pieces: list[str] = []
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            if tag in _BLOCK_TAGS:
                pieces.append("\n\n" if tag in ("p", "table", "ul", "ol") else "\n")
            if node.text and tag not in ("script", "style", "title"):
                pieces.append(re.sub(r"\s+", " ", node.text))
        else:
            if tag in ("td", "th"):
                pieces.append(" | ")
            elif tag in ("p", "table"):
                pieces.append("\n\n")
            if node.tail:
                pieces.append(re.sub(r"\s+", " ", node.tail))
    return "".join(pieces)


def _header(reading: Reading, name: str, value: str) -> None:
    value = " ".join(value.split())
    kind, level = ("heading", 1) if name == "Subject" else ("mail_header", 0)
    text = value if name == "Subject" else f"{name}: {value}"
    if not value:
        return
    for piece in [text] if name == "Subject" else _in_pieces(name, value):
        reading.add(kind, piece, level=level, region="mail_header", place=Place(part=name.lower()))


def _in_pieces(name: str, value: str) -> list[str]:
    """A header, each piece with its name: what is known of people in headers must hold for the last of a long list, too."""
    pieces: list[str] = []
    for entry in re.split(r"(?<=[;,])\s+", value):
        if pieces and len(pieces[-1]) + len(entry) < _HEADER_PIECE:
            pieces[-1] += f" {entry}"
        else:
            pieces.append(f"{name}: {entry}")
    return pieces


def read_msg(path: str, reading: Reading) -> None:
    """Fill `reading` with an Outlook message.

    Raises:
        DocumentError: corrupt, or unsupported for an Outlook item that is not a message of any known class.
    """
    try:
        message = extract_msg.openMsg(path, errorBehavior=ErrorBehavior.SUPPRESS_ALL, delayAttachments=False)
    except (ExMsgBaseException, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, NotImplementedError) as error:
        raise DocumentError(Status.CORRUPT, "The Outlook item's properties can't be read.") from error
    with message:
        for name, attribute in (("From", "sender"), ("To", "to"), ("Cc", "cc"), ("Bcc", "bcc"), ("Date", "date"), ("Subject", "subject")):
            value = _property(message, attribute) or _stream(message, _DISPLAYED.get(attribute, ""))
            shown = str(value) if value else ""
            if name == "From" and (address := _stream(message, _SENDER_ADDRESS)) and "@" in address and address not in shown:
                shown = f"{shown} <{address}>".strip()
            _header(reading, name, shown)
        text = _property(message, "body")
        if not (isinstance(text, str) and text.strip()):
            markup = _property(message, "htmlBody")
            text = html_text(markup.decode("utf-8", "replace") if isinstance(markup, bytes) else str(markup or ""))
        add_paragraphs(reading, text)
        for attachment in message.attachments:
            _msg_attachment(attachment, reading)


def _stream(message: extract_msg.msg_classes.MSGFile, tag: str) -> str:
    """A text property by its tag; empty where there is none."""
    if not tag:
        return ""
    try:
        return str(message.getStringStream(f"__substg1.0_{tag}") or "")
    except (ExMsgBaseException, OSError, ValueError, LookupError, AttributeError, TypeError):
        return ""


def _property(item: object, name: str) -> object:
    """A property, or None where extract-msg fails on its bytes; what else the item holds is still read."""
    try:
        return getattr(item, name, None)
    except (ExMsgBaseException, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, LookupError, NotImplementedError):
        return None


def _msg_attachment(attachment: object, reading: Reading) -> None:
    name = str(_property(attachment, "longFilename") or _property(attachment, "shortFilename") or _property(attachment, "name") or "attachment")
    data = _property(attachment, "data")
    if isinstance(data, bytes):
        reading.attach(name, data)
    elif isinstance(data, extract_msg.msg_classes.MSGFile):
        exported = _exported(data)
        if exported is None:
            reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
        else:
            reading.attach(name if name.lower().endswith(".msg") else f"{name}.msg", exported)
    else:  # a link to a cloud, or damaged: there are no bytes to read
        reading.flag(Flag.ATTACHMENTS_LEFT_OUT)


def _exported(message: extract_msg.msg_classes.MSGFile) -> bytes | None:
    try:
        exported = message.exportBytes()
    except (ExMsgBaseException, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, NotImplementedError):
        return None
    return exported if exported.startswith(olefile.MAGIC) else None
