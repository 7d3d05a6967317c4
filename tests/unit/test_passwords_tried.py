"""Which passwords are tried on what, and what a try costs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method.ecma376_agile import ECMA376Agile
from openpyxl import Workbook

from lakedocs.extract import unlock
from lakedocs.extract.unlock import unlocked

EXCELS_OWN = "VelvetSweatshop"


def encrypted(path: Path, password: str) -> str:
    package, out = io.BytesIO(), io.BytesIO()
    Workbook().save(package)
    package.seek(0)
    OOXMLFile(package).encrypt(password, out)
    path.write_bytes(out.getvalue())
    return str(path)


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords of which a key was derived, in order."""
    passwords: list[str] = []
    derive = ECMA376Agile._derive_iterated_hash_from_password

    def noted(password: str, *arguments: object) -> object:
        passwords.append(password)
        return derive(password, *arguments)

    monkeypatch.setattr(ECMA376Agile, "_derive_iterated_hash_from_password", staticmethod(noted))
    return passwords


@pytest.mark.parametrize(
    ("name", "is_opened"), [("a.xlsx", True), ("a.xlsb", True), ("a", True), ("a.bin", True), ("a.docx", False), ("a.DOC", False), ("a.pptx", False)]
)
def test_excels_own_is_tried_where_excel_may_have_written(tmp_path: Path, derived: list[str], name: str, is_opened: bool) -> None:
    path = encrypted(tmp_path / "file", EXCELS_OWN)
    derived.clear()
    with unlocked(path, name, ()) as opened:
        assert (opened is not None) is is_opened
    assert derived == ([EXCELS_OWN] if is_opened else [])


@pytest.mark.parametrize(("given", "is_opened"), [(("right",), True), (("wrong", "right"), True), (("wrong", "Right"), False)])
def test_a_try_derives_one_key(tmp_path: Path, derived: list[str], given: tuple[str, ...], is_opened: bool) -> None:
    path = encrypted(tmp_path / "file", "right")
    derived.clear()
    with unlocked(path, "a.docx", given) as opened:
        assert (opened is not None) is is_opened
        assert opened is None or zipfile.is_zipfile(opened)
    assert derived == list(given)


@pytest.mark.parametrize("given", [("right",), ("wrong",)])
def test_of_a_large_package_the_password_is_checked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, derived: list[str], given: tuple[str, ...]
) -> None:
    path = encrypted(tmp_path / "file", "right")
    derived.clear()
    monkeypatch.setattr(unlock, "_SMALL_BYTES", 1000)
    decrypted: list[object] = []
    monkeypatch.setattr(ECMA376Agile, "decrypt", staticmethod(lambda *arguments: decrypted.append(arguments) or b""))
    with unlocked(path, "a.docx", given):
        pass
    assert bool(decrypted) is (given == ("right",))
    assert derived == [*given, *given]
