"""Phone numbers in the ways in which people write them, and the numbers of tables that are none."""

from __future__ import annotations

import pytest

from lakedocs.redact.findings import Analyzer
from lakedocs.redact.recognizers import load_recognizers
from lakedocs.settings import load_settings

_SETTINGS = load_settings("local", {"redaction.nlp_engine": "none"})


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(_SETTINGS.redaction, load_recognizers(_SETTINGS))


def phones(analyzer: Analyzer, text: str) -> list[str]:
    return [text[found.start : found.end] for found in analyzer.find(text).findings if found.entity == "PHONE_NUMBER"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Office 70, 001-352-555-0147x123, after five", "001-352-555-0147x123"),
        ("call +1 (352) 555-0147 x123 now", "+1 (352) 555-0147 x123"),
        ("write or ring (352) 555-0147 ext. 12.", "(352) 555-0147 ext. 12"),
        ("my number is +49(0)1442 694208", "+49(0)1442 694208"),
        ("+90(806)3608377 | Ankara", "+90(806)3608377"),
        ("They're not answering at 20-32-85-26", "20-32-85-26"),
        ("Tlf. is written tel: 93533740", "93533740"),
        ("Rufnummer (02780) 81414 129", "(02780) 81414 129"),
        ("mobiel: 06 12 34 56 78", "06 12 34 56 78"),
    ],
)
def test_a_number_is_found_as_it_is_written(analyzer: Analyzer, text: str, number: str) -> None:
    assert phones(analyzer, text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "invoice | date | amount\nINV-0123/A | 2024-05-12 | 1,234.50",
        "RE 4711-0815-24 | 12.05.2024 | 1.234,50 | 12 345 678,90",
        "order 10001234 | 20240512 | +12 345 678 | -5 000 000 | +1,234,567.89",
        "NL91 ABNA 0417 1643 00 | DE89 3704 0044 0532 0130 00",
        "item 4006381333931 | qty 12 | 3.50 | 12/03",
        "01/02/2024 - 03/04/2024 | 10:15+0200",
        "12.345.678 | 1'234'567.00 | 45 000 000",
        "mobile revenue 12 345 678 | fax costs 1 234 567 |",
        "Phone | Price\n12345678 | 1234567",
        "reach 12 500 000 users by 2030",
        "fax of 2024-05-12 10:15 and mobile plan 2024",
        "tel. 12 05 2024, 13-05-2024",
        "ISBN 978-3-16-148410-0, lot 0012-3456",
    ],
)
def test_numbers_of_tables_are_no_phone_numbers(analyzer: Analyzer, text: str) -> None:
    assert phones(analyzer, text) == []
