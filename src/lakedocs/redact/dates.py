"""Dates moved by a number of days that is a document's own: what lies between two of them stays true, when they were does not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lakedocs.keys import keyed_hash

_FORMS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%m-%d-%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y",
    "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M",
)  # fmt: skip
_NUMBERS = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-]\d{4}")
_LAST_MONTH = 12
_MOST_DAYS = 365


def days_of(key: bytes, document: str) -> int:
    """By how many days the dates of a document move: between 1 and 365, forwards or back."""
    number = int(keyed_hash(key, "days", document), 16)
    days = number % _MOST_DAYS + 1
    return days if number >> 64 & 1 else -days


def shifted(value: str, days: int) -> str | None:
    """The date in its own form, moved; none where it is in no form that is known, or may be read in two ways: 03/04/2019."""
    written = " ".join(value.split())
    both = _NUMBERS.fullmatch(written)
    if both and int(both[1]) <= _LAST_MONTH and int(both[2]) <= _LAST_MONTH and both[1] != both[2]:
        return None
    for form in _FORMS:
        try:
            date = datetime.strptime(written, form)  # noqa: DTZ007  # a date on paper has no zone
            return (date + timedelta(days=days)).strftime(form)
        except (ValueError, OverflowError):
            continue
    return None
