"""Who reads which image, and what is read again when that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from lakedocs.lakehouse.ingest import parser_limits
from lakedocs.lakehouse.reading import read_as_now
from lakedocs.records import Document, Image, Shows, Status
from lakedocs.services.options import VisionSettings
from lakedocs.settings import Settings, load_settings
from lakedocs.vision.open import layout_key, reader_key, readers

PICTURE, PAGE, TABLE_PAGE = Shows.PICTURE, Shows.PAGE, Shows.TABLE_PAGE


@pytest.mark.parametrize(
    ("engine", "layout", "of_engine", "of_layout", "draws"),
    [
        ("none", "none", None, None, (False, False)),
        ("ocr", "none", {PICTURE, PAGE}, None, (True, False)),
        ("none", "scans", None, {PAGE}, (True, False)),
        ("none", "tables", None, {TABLE_PAGE}, (False, True)),
        ("none", "both", None, {PAGE, TABLE_PAGE}, (True, True)),
        ("azure_ai_vision", "scans", {PICTURE}, {PAGE}, (True, False)),
        ("ocr", "tables", {PICTURE, PAGE}, {TABLE_PAGE}, (True, True)),
        ("ocr", "both", {PICTURE}, {PAGE, TABLE_PAGE}, (True, True)),
    ],
)
def test_each_image_has_one_reader(
    engine: Literal["none", "ocr", "azure_ai_vision"],
    layout: Literal["none", "scans", "tables", "both"],
    of_engine: set[Shows] | None,
    of_layout: set[Shows] | None,
    draws: tuple[bool, bool],
) -> None:
    settings = Settings(vision=VisionSettings(engine=engine, layout=layout))
    found = {chosen.is_layout: set(chosen.shows) for chosen in readers(settings.vision)}
    assert (found.get(False), found.get(True)) == (of_engine, of_layout)
    limits = parser_limits(settings)
    assert (limits.pages_as_images, limits.table_pages_as_images) == draws


def test_the_choice_of_layout_lets_what_the_engine_read_stand() -> None:
    alone = VisionSettings(engine="azure_ai_vision")
    both = alone.model_copy(update={"layout": "both", "layout_endpoint": "https://l", "layout_api_version": "2026-01-01"})
    assert reader_key(alone) == reader_key(both)
    assert layout_key(both) == layout_key(both.model_copy(update={"layout": "scans"})) != layout_key(both.model_copy(update={"max_px": 1000}))


def document(name: str, parser: str, *children: Document, shows: Shows | None = None) -> Document:
    images = () if shows is None else (Image("0" * 64, "image/png", 1, 1, 1, shows=shows),)
    return Document(name, Status.OK, parser=parser, images=images, children=children)


def test_only_files_with_a_pdf_are_read_again_for_their_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEDOCS_DOCUMENT_ID_KEY", "k")

    def read_as(passwords: str = "", **vision: str) -> dict[str, str]:
        monkeypatch.setenv("LAKEDOCS_DOCUMENT_PASSWORDS", passwords)
        found = read_as_now(load_settings("local", {f"vision.{name}": value for name, value in vision.items()}))
        files = {
            "word": document("a.docx", "word/3"),
            "picture": document("b.docx", "word/3", shows=PICTURE),
            "pdf": document("c.pdf", "pdf/4", shows=TABLE_PAGE),
            "mail": document("d.eml", "mail/3", document("e.pdf", "pdf/4")),
            "locked": replace(document("f.eml", "mail/3"), children=(replace(document("g.docx", "kinds/1"), status=Status.ENCRYPTED),)),
        }
        return {name: found.of(file) for name, file in files.items()}

    def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
        return {name for name in before if before[name] != after[name]}

    none, scans = read_as(), read_as(layout="scans")
    assert changed(none, scans) == {"pdf", "mail"}
    assert changed(scans, read_as(layout="both")) == {"pdf", "mail"}
    assert changed(none, read_as(engine="ocr")) == {"picture"}, "a page with text is no picture that an engine would read"
    assert changed(none, read_as("rosebud")) == {"locked"}, "a new password may open what none has opened"
    assert not any("rosebud" in fingerprint for fingerprint in read_as("rosebud").values())
