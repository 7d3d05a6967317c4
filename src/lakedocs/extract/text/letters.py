"""Bytes as text: the encoding that they are in, how sure that is, and mojibake mended."""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import chardet
from ftfy import fix_encoding
from ftfy.badness import is_bad

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 262_144
_CANDIDATES = (
    "iso2022_jp_2", "cp932", "shift_jis_2004", "euc_jis_2004", "cp949", "gb18030", "big5hkscs", "cp874",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-15", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp437", "cp850", "cp852", "cp866",
)  # fmt: skip
"""What office files are found in; rarer ones only take short texts away from these."""
_TAKES_ANYTHING = frozenset({"ascii", "cp1252", "iso8859-1", "iso8859-15"})
"""What is declared by programs that do not know."""
_FALLBACK, _WESTERN = "cp1252", "lakedocs-western"
_ESCAPES = (b"\x1b$", b"\x1b(")
_HIGH = re.compile(rb"[\x80-\xff]")
_LETTER_OF_A_CODE_PAGE = re.compile(
    rb"[\x81\x83\x86-\x90\x98\x9a-\x9f\xa1-\xa6\xa8\xaa\xac\xaf\xb1-\xb3\xb5\xb6\xb8-\xba\xbc-\xff]|(?<=[A-Za-z])[\x80\x82\x84\x85\x91\x93-\x97\x99](?=[A-Za-z])"
)
"""What is not one of the dashes, quotes and signs that Windows' programs put into text without another letter outside of ASCII."""
_NUL_SHARE, _MOSTLY = 0.1, 0.7
_STRAY = 0.02
_SAMPLE_OF_UTF16 = 8192
_TWO_TOGETHER = re.compile(r"[^\x00-\x7f]{2}")
_UNSURE = 0.11
"""The share of texts with a single letter outside of ASCII of which the guess is wrong; measured, it falls with the root of their number."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text with the Python name of its encoding; `is_guess` where neither the bytes nor their sender said it."""

    text: str = field(repr=False)
    encoding: str
    confidence: float
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the pieces of a long text are decoded; `errors` as codecs name it."""

    name: str
    confidence: float
    is_guess: bool
    errors: str = "replace"


def encoding_of(pieces: Iterable[bytes]) -> Encoding:
    """The encoding of a text that is too long to be held: the first piece says it, or the first with a letter outside of ASCII.

    Where it is UTF-8, the pieces behind are looked at, too: stray bytes are then read as Windows' western letters.
    """
    rest = iter(pieces)
    first = next(rest, b"")
    if not _is_beyond_ascii(first):
        first = next((piece for piece in rest if _is_beyond_ascii(piece)), first)
    first += next(rest, b"")  # its only letter may be cut
    found = decoded(first)
    if found.encoding != "utf-8":
        return Encoding(found.encoding, found.confidence, found.is_guess)
    strict = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in chain((first,), rest):
            strict.decode(piece)
    except UnicodeDecodeError:
        return Encoding("utf-8", 0.9, True, _WESTERN)
    return Encoding("utf-8", 0.99, False, "ignore")


def _is_beyond_ascii(piece: bytes) -> bool:
    return not piece.isascii() or any(escape in piece for escape in _ESCAPES)


def decoded_pieces(pieces: Iterable[bytes], encoding: Encoding) -> Iterator[str]:
    """The pieces as text, letters that two of them share at the beginning of the second."""
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", True)


def decoded(data: bytes, declared: str = "") -> Decoded:
    """The bytes as text; never fails, and what no encoding explains is read as Windows' western letters.

    Args:
        declared: what the document says of its own encoding; believed where the bytes do not speak against it.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(data.decode(encoding, "replace"), encoding, 1.0)
    if (wide := _utf16(data)) is not None:
        return wide
    name = _known(declared)
    has_escapes = any(escape in data for escape in _ESCAPES)
    if not name or name in _TAKES_ANYTHING:
        if data.isascii() and not has_escapes:
            return Decoded(data.decode("ascii"), "ascii", 1.0)
        if (unicode := _utf8(data)) is not None and not has_escapes:
            return unicode
    if name:
        try:
            return Decoded(data.decode(_wider(name)), name, 1.0)
        except (UnicodeError, LookupError):  # punycode raises the wider one; rot13, hex, ... are codecs, but of no text
            if (unicode := _utf8(data)) is not None:
                return unicode
    return _guessed(data)


def mended(text: str) -> str | None:
    """The text without its mojibake (UTF-8 that was read as a code page, once or twice); None where there is none.

    Plain ASCII costs a look at a flag, and text whose letters outside of ASCII stand alone one search.
    """
    if text.isascii() or not _TWO_TOGETHER.search(text) or not is_bad(text):
        return None
    # line by line: a text holds good letters beside bad ones
    lines = "\n".join(line if line.isascii() else fix_encoding(line) for line in text.split("\n"))
    return None if lines == text else lines


def _known(declared: str) -> str:
    try:
        return codecs.lookup(declared.strip().strip("\"'")).name if declared.strip() else ""
    except (LookupError, ValueError):
        return ""


def _wider(name: str) -> str:
    """What writers mean who declare a standard and use its vendor's extension."""
    return {
        "iso8859-1": "cp1252",
        "ascii": "cp1252",
        "shift_jis": "cp932",
        "euc_kr": "cp949",
        "ks_c_5601-1987": "cp949",
        "gb2312": "gb18030",
        "gbk": "gb18030",
    }.get(name, name)


def _utf16(data: bytes) -> Decoded | None:
    """UTF-16 without a mark: of its line ends, digits and delimiters every other byte is zero, and always the same one."""
    head = data[:_SAMPLE_OF_UTF16].rstrip(b"\x00")
    even, odd = head[0::2].count(0), head[1::2].count(0)
    more, fewer = max(even, odd), min(even, odd)
    if not head or more < _NUL_SHARE * len(head) / 2 or fewer > more * _STRAY:
        return None
    if more < _MOSTLY * len(head) / 2 and head.replace(b"\x00", b"").isascii():
        return None  # zeros strewn into letters of one byte
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    try:
        return Decoded(data[: len(data) // 2 * 2].decode(encoding), encoding, 0.97, True)
    except UnicodeDecodeError:
        return None


def _utf8(data: bytes) -> Decoded | None:
    """UTF-8, also where a few stray bytes are not: those are read as Windows' western letters."""
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 0.99)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and _HIGH.search(data, 0, error.start):  # the file was cut within a letter
            return Decoded(data.decode("utf-8", "ignore"), "utf-8", 0.99)
        high = len(_HIGH.findall(data))
    text = data.decode("utf-8", "replace")
    stray = text.count("\ufffd")
    if stray > _STRAY * high:
        return None
    return Decoded(data.decode("utf-8", _WESTERN), "utf-8", 0.9, True)


def _western(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode(_FALLBACK, "replace"), error.end


codecs.register_error(_WESTERN, _western)


def _guessed(data: bytes) -> Decoded:
    sample = data[:_SAMPLE_BYTES]
    if _HIGH.search(sample) and not _LETTER_OF_A_CODE_PAGE.search(sample):
        return Decoded(data.decode(_FALLBACK, "replace"), _FALLBACK, 0.95, True)
    found = chardet.detect(sample, max_bytes=_SAMPLE_BYTES, compat_names=False, include_encodings=_CANDIDATES)["encoding"]
    encoding = _known(found or "") or _FALLBACK
    if encoding != _FALLBACK and _same(sample, encoding, _FALLBACK):
        encoding = _FALLBACK  # one of several names for the same letters: the commonest
    evidence = len(_HIGH.findall(sample)) or sample.count(b"\x1b")
    confidence = min(0.99, round(1 - _UNSURE / math.sqrt(max(evidence, 1)), 2)) if found else 0.5
    return Decoded(data.decode(encoding, "replace"), encoding, confidence, True)


def _same(data: bytes, one: str, other: str) -> bool:
    return data.decode(one, "replace") == data.decode(other, "replace")
