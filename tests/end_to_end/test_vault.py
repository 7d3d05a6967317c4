"""Documents whose personal data can be turned back: revealed by who has the key, with a record; the key rotated; the vault emptied."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.errors import MissingKeyError, SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.vault import reveal, rotate
from lakedocs.settings import Settings, load_settings

ROWS = "Surname;Paid\nCastellan;40\nBrightwater;50\n"
REVERSIBLE = "redaction.operators={PERSON: reversible}"


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = tmp_path_factory.mktemp("vault")
    (root / "source").mkdir()
    (root / "source" / "paid.csv").write_text(ROWS, encoding="utf-8")
    settings = load_settings("local", {"storage.root": str(root)})
    run(root, REVERSIBLE)
    return Lake(spark, settings.storage)


def run(root: Path, overrides: str) -> None:
    only = ("--only", "05_ingest_msg_csv", "--only", "06_redact_pii")
    assert pipeline.run(root / "source", root, *only, "--param", f"overrides={overrides}") == 0


def settings_of(lake: Lake) -> Settings:
    return load_settings("local", {"storage.root": lake.storage.root})


def document(lake: Lake) -> str:
    return str(lake.read(tables.DOCUMENTS).collect()[0]["doc_id"])


def test_a_document_comes_back_as_it_was_and_who_asked_is_written_down(lake: Lake) -> None:
    hidden = [row["text"] for row in lake.read(tables.ELEMENTS).orderBy("ordinal").collect()]
    assert hidden[0] == "Surname | Paid"
    assert "Castellan" not in " ".join(hidden)
    assert list(reveal(lake, settings_of(lake), document(lake), "auditor", "court order 7")) == [
        "Surname | Paid",
        "Castellan | 40",
        "Brightwater | 50",
    ]
    noted = lake.read(tables.REVEALS).collect()
    assert [(row["revealed_by"], row["reason"], row["tokens"]) for row in noted] == [("auditor", "court order 7", 2)]


def test_the_vault_holds_no_value_in_the_clear(lake: Lake) -> None:
    rows = lake.read(tables.VAULT).collect()
    assert len(rows) == 2
    assert "Castellan" not in str(rows)


@pytest.mark.parametrize(("reason", "doc_id"), [(" ", None), ("why", "no such")])
def test_without_a_reason_or_a_document_nothing_is_revealed(lake: Lake, reason: str, doc_id: str | None) -> None:
    before = lake.read(tables.REVEALS).count()
    with pytest.raises(SettingsError):
        list(reveal(lake, settings_of(lake), doc_id or document(lake), "auditor", reason))
    assert lake.read(tables.REVEALS).count() == before


def test_a_new_key_opens_everything_once_it_is_rotated_and_the_old_one_nothing(lake: Lake) -> None:
    keys = Path(lake.storage.root) / "keys"
    old = (keys / "vault_key").read_text(encoding="utf-8")
    texts = [row["text"] for row in lake.read(tables.ELEMENTS).orderBy("ordinal").collect()]
    (keys / "vault_key").write_text(secrets.token_hex(32), encoding="utf-8")
    with pytest.raises(MissingKeyError):
        list(reveal(lake, settings_of(lake), document(lake), "auditor", "too early"))
    with pytest.raises(MissingKeyError):
        rotate(lake, settings_of(lake))
    (keys / "vault_key_previous").write_text(old, encoding="utf-8")
    assert rotate(lake, settings_of(lake)) == 2
    assert rotate(lake, settings_of(lake)) == 0
    (keys / "vault_key_previous").unlink()
    assert "Castellan | 40" in list(reveal(lake, settings_of(lake), document(lake), "auditor", "after"))
    assert [row["text"] for row in lake.read(tables.ELEMENTS).orderBy("ordinal").collect()] == texts


def test_another_operator_empties_the_vault(lake: Lake) -> None:
    run(Path(lake.storage.root), "redaction.default_operator=replace")
    assert lake.read(tables.VAULT).count() == 0
    with pytest.raises(SettingsError, match="turned back"):
        list(reveal(lake, settings_of(lake), document(lake), "auditor", "late"))
