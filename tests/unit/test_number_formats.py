"""Numbers and dates as spreadsheets show them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.extract.office.number_formats import Cell, built_in, number_format

ACCOUNTING = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'
DAY = dt.date(2024, 3, 4)
NIGHT, NOON = dt.datetime(2024, 3, 4), dt.datetime(2024, 3, 4, 15, 6, 7)  # noqa: DTZ001 - a sheet knows no time zones


@pytest.mark.parametrize(
    ("code", "value", "wanted"),
    [
        ("0%", 0.25, "25%"), ("0.00%", 0.285, "28.50%"), ("0.0%", -0.5, "-50.0%"),
        ("#,##0.00", 1234.5, "1,234.50"), ("#,##0", 1e20, "100,000,000,000,000,000,000"),
        ("0.00", 2.675, "2.68"), ("0.00", 0.125, "0.13"), ("0", 2.5, "3"),
        ("$#,##0.00", -1234.5, "-$1,234.50"), ("[$€-407] #,##0.00", 1234.5, "€ 1,234.50"), ('#,##0.00\\ "€"', 1e6, "1,000,000.00 €"),
        (ACCOUNTING, 1234.5, "$1,234.50"), (ACCOUNTING, -1234.5, "$(1,234.50)"), (ACCOUNTING, 0.0, "$-"),
        ("[Red]0.0;[Blue]-0.0", -2.5, "-2.5"), ("0;(0)", -2.0, "(2)"), ('0;-0;"none"', 0.0, "none"),
        ("00000", 123.0, "00123"), ("000-00-0000", 123456789.0, "123-45-6789"), ("(000) 000-0000", 2125551234.0, "(212) 555-1234"),
        ("0.##", 1.5, "1.5"), ("0.##", 2.0, "2"), ("#.##", 0.5, ".5"), ("0.0#", 1.0, "1.0"),
        ("0.0,", 12345.0, "12.3"), ('#,##0,,"M"', 12345678.0, "12M"), ("0.00E+00", 12345.0, "1.23E+04"), ('General" kg"', 3.5, "3.5 kg"),
        ("dd/mm/yyyy", NIGHT, "04/03/2024"), ("mmm yyyy", DAY, "Mar 2024"), ("[$-409]d-mmm-yy;@", DAY, "4-Mar-24"),
        ("dddd, d mmmm yyyy", DAY, "Monday, 4 March 2024"), ("hh:mm", dt.time(9, 5), "09:05"),
        ("h:mm AM/PM", dt.time(13, 5), "1:05 PM"),
        ("h AM/PM", dt.time(0, 0), "12 AM"), ("[h]:mm:ss", dt.timedelta(hours=30, minutes=5), "30:05:00"),
        ("[mm]:ss", dt.timedelta(hours=1), "60:00"),
        ("mm:ss.0", dt.time(0, 5, 6, 500000), "05:06.5"), ("yyyy-mm-dd hh:mm", NOON, "2024-03-04 15:06"),
    ],
)  # fmt: skip
def test_what_a_format_shows(code: str, value: Cell, wanted: str) -> None:
    shows = number_format(code)
    assert shows is not None
    assert shows(value) == wanted


@pytest.mark.parametrize(
    "code", ["", "General", "@", "# ?/?", "[>100]0;0.0", "[DBNum1]0", "ggge", "yyyy 0", "0.0.0", "E+00", "0 AM/PM", "0" * 300, "0" + "%" * 200]
)
def test_codes_that_are_not_understood_show_nothing(code: str) -> None:
    assert number_format(code) is None


@pytest.mark.parametrize(
    ("code", "value"), [("0.00", "text"), ("0.00", True), ("0.00", DAY), ("dd/mm/yyyy", 5.0), ("h:mm", dt.timedelta.max), (";;;", 3.0), ("#", 0.0)]
)
def test_values_that_a_format_does_not_show(code: str, value: Cell) -> None:
    shows = number_format(code)
    assert shows is not None
    assert shows(value) == ""


def test_formats_that_files_name_by_number() -> None:
    assert {number: shows(1234.5) for number in (3, 4, 10) if (shows := built_in(number))} == {3: "1,235", 4: "1,234.50", 10: "123450.00%"}
    assert built_in(14) is not None
    assert built_in(14)(NIGHT) == "2024-03-04"  # type: ignore[misc]
    assert built_in(0) is built_in(49) is built_in(9999) is None


@given(
    st.text(alphabet='0#?.,;%@"\\_* [$€-407]hmsyd/EeGgAMP+()<>x', max_size=30), st.floats(allow_nan=True) | st.dates() | st.times() | st.timedeltas()
)
def test_no_code_breaks_a_cell(code: str, value: Cell) -> None:
    shows = number_format(code)
    assert shows is None or isinstance(shows(value), str)


@given(st.floats(-1e9, 1e9), st.integers(0, 6))
def test_digits_are_those_of_the_value(value: float, decimals: int) -> None:
    shows = number_format("#,##0." + "0" * decimals if decimals else "#,##0")
    assert shows is not None
    assert abs(float(shows(value).replace(",", "")) - value) <= 0.5 * 10**-decimals + abs(value) * 4e-15
