"""What a PKCS #7 envelope holds, where it needs no key: signed and compressed mails."""

from __future__ import annotations

import zlib

from lakedocs.errors import DocumentError
from lakedocs.extract.reading import Reading
from lakedocs.records import Status

_OID = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
"""How PKCS #7 and #9 content types begin."""
_MOST_TIMES = 150


def is_smime(head: bytes) -> bool:
    """Whether bytes begin as an envelope: a sequence, and the name of its content's type."""
    return head.startswith(b"\x30") and _OID in head[:24]


def content_of(data: bytes) -> bytes:
    """The mail in a signed or compressed envelope.

    Raises:
        DocumentError: encrypted, corrupt, too large, or empty where a signature stands alone.
    """
    from asn1crypto import cms  # a tenth of a second to import that hardly any mail needs

    try:
        envelope = cms.ContentInfo.load(data)
        kind, body = envelope["content_type"].native, envelope["content"]
        if kind == "signed_data":
            content = body["encap_content_info"]["content"].native
        elif kind == "compressed_data":
            content = _unpacked(body["encap_content_info"]["content"].native)
        elif kind in ("enveloped_data", "encrypted_data", "authenticated_data", "authenticated_enveloped_data", "signed_and_enveloped_data"):
            raise DocumentError(Status.ENCRYPTED, "The mail is encrypted for those who have its key.")
        else:
            raise DocumentError(Status.UNSUPPORTED, "The envelope holds no mail.")
    except (ValueError, TypeError, KeyError, zlib.error) as error:
        raise DocumentError(Status.CORRUPT, "The envelope of the mail can't be read.") from error
    if not isinstance(content, bytes) or not content:
        raise DocumentError(Status.EMPTY, "It is a signature; what it signs stands elsewhere.")
    return content


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(data, len(data) * _MOST_TIMES)
    if unpacker.unconsumed_tail:
        raise DocumentError(Status.TOO_LARGE, f"The envelope unpacks to more than {_MOST_TIMES} times its size.")
    return content


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with the mail in an envelope that is a file.

    Raises:
        DocumentError: encrypted, corrupt, or empty where a signature stands alone.
    """
    with open(path, "rb") as file:
        reading.attach("signed.eml", content_of(file.read()))
