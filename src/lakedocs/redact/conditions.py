"""Cheap conditions that every match of a recogniser must meet; each is asked once of a text, however many recognisers share it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from lakedocs.redact.phone import DIGITS

Condition = Callable[[str], bool]

_GROUPED = re.compile(r"\d(?:[^\w|\n]{0,3}[^\W\d_]{0,6}[^\w|\n]{0,3}\d)*")
"""Digits with a few signs or letters between them, 181 / 815 / 08155 or NL91 ABNA 0417; never from one cell to the next."""
_WORD_WITH_DIGIT = re.compile(r"[^\W\d]*\d\w*")


@lru_cache(maxsize=4)
def _digits_of(text: str) -> int:
    return sum(map(str.isdigit, text))  # many conditions ask it of one text after the other


@lru_cache(maxsize=4)
def _most_together(text: str) -> int:
    return max((sum(map(str.isdigit, match.group())) for match in _GROUPED.finditer(text)), default=0)


@lru_cache(maxsize=4)
def _most_in_a_word(text: str) -> int:
    return max((sum(map(str.isdigit, match.group())) for match in _WORD_WITH_DIGIT.finditer(text)), default=0)


@cache
def digits(least: int) -> Condition:
    """So many digits stand anywhere."""
    return lambda text: _digits_of(text) >= least


@cache
def together(least: int) -> Condition:
    """So many digits stand together as in a number that people group."""
    return lambda text: _digits_of(text) >= least and _most_together(text) >= least


@cache
def in_a_word(least: int) -> Condition:
    """So many digits stand in one word, letters between them or not."""
    return lambda text: _digits_of(text) >= least and _most_in_a_word(text) >= least


@cache
def contains(*parts: str) -> Condition:
    """One of these strings stands there."""
    return lambda text: any(part in text for part in parts)


@cache
def matches(pattern: str) -> Condition:
    """A regular expression matches somewhere; one that begins with a rare character and looks behind it is found fast."""
    search = lru_cache(maxsize=4)(re.compile(pattern).search)
    return lambda text: search(text) is not None


_MIXED = r"\d(?:(?<=[^\W\d_]\d)|(?<=\]\d)|[^\W\d_])"
"""A digit beside a letter; the bracket is in Presidio's pattern of driving licences."""

OF_CLASS: Mapping[str, Condition] = {
    "AbaRoutingRecognizer": together(9),
    "CellwisePhoneRecognizer": matches(DIGITS),
    "CreditCardRecognizer": together(12),
    "CryptoRecognizer": matches(r"\w{26}"),
    "EmailRecognizer": contains("@"),
    "EsNieRecognizer": together(7),
    "EsNifRecognizer": together(7),
    "FiPersonalIdentityCodeRecognizer": together(9),
    "IbanRecognizer": matches(r"\d\d(?<=[^\W\d_]{2}\d\d)"),
    "InAadhaarRecognizer": together(12),
    "InPassportRecognizer": digits(7),
    "InVehicleRegistrationRecognizer": matches(_MIXED),
    "InVoterRecognizer": in_a_word(7),
    "IpRecognizer": matches(r"[.:][0-9A-Fa-f:]"),
    "ItDriverLicenseRecognizer": matches(_MIXED),
    "ItFiscalCodeRecognizer": matches(r"\w{16}"),
    "ItIdentityCardRecognizer": digits(5),
    "ItPassportRecognizer": in_a_word(7),
    "ItVatCodeRecognizer": digits(11),
    "MacAddressRecognizer": matches(r"[:-](?<=[0-9A-Fa-f]{2}[:-])[0-9A-Fa-f]{2}|\.(?<=[0-9A-Fa-f]{4}\.)[0-9A-Fa-f]{4}"),
    "MedicalLicenseRecognizer": in_a_word(7),
    "NhsRecognizer": together(10),
    "PlPeselRecognizer": in_a_word(11),
    "ReorderedPanRecognizer": digits(4),
    "UkNinoRecognizer": together(6),
    "UkPassportRecognizer": in_a_word(7),
    "UrlRecognizer": matches(r"\.(?<=[\w.-]\.)[^\W\d_]"),
    "UsBankRecognizer": in_a_word(8),
    "UsItinRecognizer": together(9),
    "UsLicenseRecognizer": matches(rf"{_MIXED}|\d{{6}}"),
    "UsMbiRecognizer": matches(_MIXED),
    "UsNpiRecognizer": together(10),
    "UsPassportRecognizer": in_a_word(8),
    "UsSsnRecognizer": together(9),
}
"""What every match of one of Presidio's classes needs; a class that is not here is always asked."""
