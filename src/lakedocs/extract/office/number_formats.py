"""Number formats of spreadsheets: a code becomes what shows a number or a date as a person sees it (ECMA-376 part 1, 18.8.30 and 18.8.31).

English month names and separators, whatever the locale that a code names. Codes with conditions, fractions or other calendars show nothing:
the value itself is shown then.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Moment = dt.datetime | dt.date | dt.time | dt.timedelta

_TOKEN = re.compile(
    r"""(?P<text>"[^"]*"|\\.|_.|\*.)|\[(?P<bracket>[^\]]*)\]|(?P<half>AM/PM|A/P)|(?P<general>General)
    |(?P<date>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<exponent>E[+-]0+)|(?P<digits>[0#?.,]*[0#?][0#?.,]*)|(?P<sign>[%;@])|(?P<other>.)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_COLOURS = re.compile(r"(?:black|blue|cyan|green|magenta|red|white|yellow|color\s*\d+)$", re.IGNORECASE)
_ELAPSED = re.compile(r"(h+|m+|s+)$", re.IGNORECASE)
_EXOTIC = frozenset("EeGgBb/")
"""Letters of other calendars; a slash beside digits makes a fraction."""
_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "$#,##0;-$#,##0", 6: "$#,##0;-$#,##0", 7: "$#,##0.00;-$#,##0.00", 8: "$#,##0.00;-$#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
    41: "#,##0;-#,##0", 42: "$#,##0;-$#,##0", 43: "#,##0.00;-#,##0.00", 44: "$#,##0.00;-$#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0",
}  # fmt: skip
"""Codes that files name by number only. 14 and 22 look different from country to country: they are shown as ISO has them."""
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905 - reads better
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_FIRST_DAY = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no time zones
_EXACT_BELOW = 1e15
_NUDGE = 1 + 1e-15
"""A spreadsheet rounds halves up in the decimals that it shows; binary halves lie a little below."""
_LONGEST_CODE, _MOST_DECIMALS, _MOST_SHIFTS = 255, 30, 4


@dataclass(frozen=True, slots=True)
class _Date:
    parts: tuple[tuple[str, str], ...]
    is_half_day: bool

    def shown(self, moment: Moment) -> str:
        try:
            elapsed, at = _clock(moment)
        except OverflowError:
            return ""  # beyond the calendar
        texts = []
        for kind, text in self.parts:
            texts.append(text if kind == "text" else _elapsed(elapsed, text) if kind == "elapsed" else _of_date(kind, text, at, self.is_half_day))
        return "".join(texts)


@dataclass(frozen=True, slots=True)
class _Number:
    before: str
    after: str
    pattern: str
    scale: float = 1.0
    decimals: int = 0
    fixed_decimals: int = 0
    fixed_digits: int = 0
    is_grouped: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether Python's own formats show its digits."""
        return self.pattern not in ("general", "E") and self.decimals == self.fixed_decimals and self.fixed_digits == 1

    def shown(self, value: float) -> str:
        if self.pattern == "general":
            digits = repr(value).removesuffix(".0")
        elif "E" in self.pattern:
            digits = f"{value:.{self.decimals}E}"
        else:
            digits = self._digits(value * self.scale)
        return f"{self.before}{digits}{self.after}"

    def _digits(self, value: float) -> str:
        if value < _EXACT_BELOW:
            value *= _NUDGE
        text = f"{value:,.{self.decimals}f}" if self.is_grouped else f"{value:.{self.decimals}f}"
        if self.is_plain:
            return text
        whole, _, rest = text.partition(".")
        rest = rest[: self.fixed_decimals] + rest[self.fixed_decimals :].rstrip("0")
        whole = "" if whole == "0" and not self.fixed_digits else whole.zfill(self.fixed_digits)
        return f"{whole}.{rest}" if rest else whole


@dataclass(frozen=True, slots=True)
class _Mask:
    """Digits between signs: 000-00-0000."""

    parts: tuple[tuple[str, str], ...]

    def shown(self, value: float) -> str:
        places = sum(len(text) for kind, text in self.parts if kind == "digits")
        digits = f"{value:.0f}".zfill(places)
        extra = len(digits) - places
        texts, at = [], 0
        for kind, text in self.parts:
            if kind == "digits":
                length = len(text) + (extra if at == 0 else 0)
                texts.append(digits[at : at + length])
                at += length
            else:
                texts.append(text)
        return "".join(texts)


_Section = _Date | _Number | _Mask


Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
Show = Callable[[Cell], str]
"""Shows a cell as a person sees it. Empty where the format shows nothing, or is one for another kind of value."""


def _shown_by(sections: tuple[_Section, ...]) -> Show:
    positive = sections[0]
    negative = sections[1] if len(sections) > 1 else None
    zero = sections[2] if len(sections) > 2 else positive
    if isinstance(positive, _Date):
        return lambda cell: "" if isinstance(cell, int | float | str) else positive.shown(cell)
    show_positive, show_negative, show_zero = _plain(positive), _plain(negative or positive, "" if negative else "-"), _plain(zero)

    def shown(cell: Cell) -> str:
        if type(cell) is not float and type(cell) is not int:
            return ""
        return show_positive(cell) if cell > 0 else show_negative(-cell) if cell < 0 else show_zero(cell)

    return shown


def _plain(section: _Section, sign: str = "") -> Callable[[float], str]:
    """What shows numbers above zero by a section; nearly all are plain, and there are many numbers."""
    if isinstance(section, _Date):
        return lambda _: ""
    if isinstance(section, _Number) and section.is_plain:
        before, after, scale = sign + " ".join(section.before.split()), " ".join(section.after.split()), section.scale * _NUDGE
        exact_scale = section.scale
        gaps = section.before[-1:] == " " and bool(before), section.after[:1] == " " and bool(after)
        before, after = before + " " * gaps[0], " " * gaps[1] + after
        spec = f"{',' if section.is_grouped else ''}.{section.decimals}f"
        return lambda value: f"{before}{value * scale if value < _EXACT_BELOW else value * exact_scale:{spec}}{after}"
    return lambda value: " ".join((sign + section.shown(value)).split())


@lru_cache(1024)
def number_format(code: str) -> Show | None:
    """What shows values by a format code; None for `General`, text, and codes that are not understood."""
    if len(code) > _LONGEST_CODE or code.strip().lower() in ("", "general", "@"):
        return None
    sections: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(code):
        kind, text = str(match.lastgroup), match.group()
        if text == ";":
            sections.append([])
        elif kind == "bracket":
            inner = match.group("bracket")
            if _ELAPSED.match(inner):
                sections[-1].append(("elapsed", inner.lower()))
            elif inner.startswith("$"):
                sections[-1].append(("text", inner[1:].partition("-")[0]))
            elif not _COLOURS.match(inner):
                return None
        elif kind == "text":
            sections[-1].append(("text", {'"': text[1:-1], "\\": text[1:], "_": " "}.get(text[0], "")))
        elif kind == "other" and text in _EXOTIC and text != "/":
            return None
        else:
            sections[-1].append((kind, text))
    compiled = [_compiled(tuple(section)) for section in sections[:3] if ("sign", "@") not in section]  # that one is for text
    known = tuple(section for section in compiled if section is not None)
    return _shown_by(known) if known and len(known) == len(compiled) else None


def built_in(number: int) -> Show | None:
    """The format that files name by a number below 164."""
    return number_format(_BUILT_IN[number]) if number in _BUILT_IN else None


def _compiled(parts: tuple[tuple[str, str], ...]) -> _Section | None:
    kinds = {kind for kind, _ in parts}
    if "date" in kinds or "elapsed" in kinds:
        if kinds & {"digits", "exponent", "general", "sign"}:
            return None
        return _Date(tuple(_with_minutes(parts)), "half" in kinds)
    if "half" in kinds:
        return None
    places = [index for index, (kind, _) in enumerate(parts) if kind in ("digits", "general")]
    if len(places) > 1:
        return _masked(parts)
    if places and ("other", "/") in parts:
        return None
    at = places[0] if places else len(parts)
    scientific = at + 1 < len(parts) and parts[at + 1][0] == "exponent"
    if ("exponent" in kinds) != scientific:
        return None
    before = "".join(text for _, text in parts[:at])
    after = "".join(text for _, text in parts[at + 1 + scientific :])
    if not places:
        return _Number(before, after, "none", 0.0)  # without a digit
    if parts[at][0] == "general":
        return _Number(before, after, "general")
    return _number(before, after, parts[at][1], scientific, sum(text == "%" for kind, text in parts if kind == "sign"))


def _number(before: str, after: str, pattern: str, is_scientific: bool, percents: int) -> _Number | None:
    whole, _, rest = pattern.partition(".")
    if "." in rest:
        return None
    thousands = len(pattern) - len(pattern.rstrip(",")) if rest else len(whole) - len(whole.rstrip(","))
    decimals = sum(sign in "0#?" for sign in rest)
    if decimals > _MOST_DECIMALS or max(percents, thousands) > _MOST_SHIFTS:
        return None
    fixed = rest.rstrip("#?,").replace(",", "")
    return _Number(
        before, after, "E" if is_scientific else pattern.lower(), 100.0**percents / 1000.0**thousands, decimals, len(fixed), whole.count("0"),
        "," in whole.strip(","),
    )  # fmt: skip


def _masked(parts: tuple[tuple[str, str], ...]) -> _Mask | None:
    """Several groups of digits: signs between them, unless they make a fraction or a decimal."""
    if any(kind in ("exponent", "general", "sign") or text == "/" or (kind == "digits" and set(text) - set("0#")) for kind, text in parts):
        return None
    return _Mask(parts)


def _with_minutes(parts: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Of dates, each kind by its letter, with minutes told from months: they follow hours or go before seconds."""
    found: list[tuple[str, str]] = []
    for kind, text in parts:
        if kind == "date":
            letter = text[0].lower()
            before = next((known for known, _ in reversed(found) if known != "text"), "")
            is_minute = letter == "m" and len(text) < 3 and (before == "h" or (before == "elapsed" and _last(found, "elapsed")[0] == "h"))
            if letter == "s" and before == "m":
                index = max(i for i, (known, _) in enumerate(found) if known == "m")
                found[index] = ("minute", found[index][1])
            found.append(("minute" if is_minute else letter, text.lower()))
        else:
            found.append((kind if kind in ("elapsed", "half") else "text", text))
    return found


def _last(found: list[tuple[str, str]], kind: str) -> str:
    return next(text for known, text in reversed(found) if known == kind)


def _clock(moment: Moment) -> tuple[dt.timedelta, dt.datetime]:
    """A moment as time since the first day, and as date and time."""
    if isinstance(moment, dt.timedelta):
        return moment, _FIRST_DAY + moment
    if isinstance(moment, dt.time):
        at = dt.datetime.combine(_FIRST_DAY, moment)
    else:
        at = moment if isinstance(moment, dt.datetime) else dt.datetime.combine(moment, dt.time())
    return at - _FIRST_DAY, at


def _elapsed(elapsed: dt.timedelta, text: str) -> str:
    seconds = round(elapsed.total_seconds())
    return f"{seconds // {'h': 3600, 'm': 60, 's': 1}[text[0]]:0{min(len(text), 9)}d}"


def _of_date(kind: str, text: str, at: dt.datetime, is_half_day: bool) -> str:
    width = len(text)
    if kind == "y":
        return f"{at.year:04d}" if width > 2 else f"{at.year % 100:02d}"
    if kind == "m":
        name = _MONTHS[at.month - 1]
        return f"{at.month:0{width}d}" if width < 3 else name[:3] if width == 3 else name[:1] if width == 5 else name
    if kind == "d":
        name = _DAYS[at.weekday()]
        return f"{at.day:0{width}d}" if width < 3 else name[:3] if width == 3 else name
    if kind == "half":
        return "AM" if at.hour < 12 else "PM"
    if kind == "h":
        hour = (at.hour % 12 or 12) if is_half_day else at.hour
        return f"{hour:0{min(width, 2)}d}"
    if kind == "minute":
        return f"{at.minute:0{min(width, 2)}d}"
    whole, _, decimals = text.partition(".")
    return f"{at.second:0{min(len(whole), 2)}d}" + (f".{at.microsecond:06d}"[: len(decimals) + 1] if decimals else "")
