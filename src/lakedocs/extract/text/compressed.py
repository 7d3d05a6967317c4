"""The compressed form in which MAPI keeps the RTF of a body ([MS-OXRTFCP] 2.2, 3.1).

compressed-rtf, byte by byte, takes half of the time of a message whose only body this is, and gives nothing where the checksum is wrong.
"""

from __future__ import annotations

import struct

from compressed_rtf.compressed_rtf import INIT_DICT

_HEADER = struct.Struct("<II4sI")
"""Bytes that follow, bytes of the text, how it is kept, checksum."""
_COMPRESSED, _AS_IT_IS = b"LZFu", b"MELA"
_WINDOW = 4096
_BEFORE = b" " * (_WINDOW - len(INIT_DICT)) + INIT_DICT
"""What a reference may point to before there is any text."""


def decompressed(data: bytes) -> bytes:
    """The RTF, up to where the compressed form breaks off; empty for what is no such form."""
    if len(data) < _HEADER.size:
        return b""
    follow, size, form, _ = _HEADER.unpack_from(data)
    body = data[_HEADER.size : max(follow + 4, _HEADER.size)]  # counted from behind the first number
    if form == _AS_IT_IS:
        return body[:size]
    return _expanded(body) if form == _COMPRESSED else b""


def _expanded(body: bytes) -> bytes:
    """Eight tokens behind each byte that says what they are: a byte of text, or a place in the last 4,096 bytes and a length."""
    text, place, end = bytearray(_BEFORE), 0, len(body)
    while place < end:
        control = body[place]
        place += 1
        if not control:
            text += body[place : place + 8]
            place += 8
            continue
        for bit in (1, 2, 4, 8, 16, 32, 64, 128):
            if not control & bit:
                text += body[place : place + 1]
                place += 1
                continue
            if place + 2 > end:
                return bytes(text[_WINDOW:])
            token = body[place] << 8 | body[place + 1]
            place += 2
            back = (len(text) + len(INIT_DICT) - (token >> 4)) % _WINDOW
            if not back:  # the end, as the form writes it
                return bytes(text[_WINDOW:])
            length, start = (token & 15) + 2, len(text) - back
            found = text[start : start + length]
            text += found if back >= length else (found * length)[:length]
    return bytes(text[_WINDOW:])
