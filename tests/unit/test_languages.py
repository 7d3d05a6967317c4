"""The language of a text decides which packs look at it."""

from __future__ import annotations

import pytest

from lakedocs.redact.language import language_of
from lakedocs.redact.policy import TextRedactor

DUTCH = "De inspecteur heeft het kantoor gevraagd om de stukken te sturen naar "
GERMAN = "Das Finanzamt hat die Kanzlei gebeten, die fehlenden Unterlagen zu senden an "
ENGLISH = "The tax office has asked the firm to send the missing documents to this address: "


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (DUTCH, "nl"),
        (GERMAN, "de"),
        (ENGLISH, "en"),
        ("Factuur", ""),
        ("Jan | Piet | 1234 | 5678", ""),
        ("", ""),
        ("1234567890 " * 50, ""),
        ("The office. Das Amt. De dienst. La oficina. Le bureau. L'ufficio.", ""),
    ],
)
def test_a_language_is_told_where_it_can_be(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (DUTCH + "3011 AD Rotterdam", True),
        (ENGLISH + "3011 AD Rotterdam", True),  # English is written everywhere
        ("3011 AD Rotterdam", True),  # too short to tell
        (GERMAN + "3011 AD Rotterdam", False),
        (GERMAN + "BSN 111222333", True),  # its own word stands there
        (DUTCH + "BSN 111222333", True),
        (GERMAN + "SSN 536-90-4399", True),  # packs without languages look at everything
    ],
)
def test_packs_look_at_texts_in_their_languages(redactor: TextRedactor, text: str, is_found: bool) -> None:
    assert bool(redactor.findings(text)) == is_found
