"""Damage that can be repeated: the same seed and number give the same bytes, of every kind of file, and something does change."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from random import Random

import pytest
from scripts.fuzz.mutations import OLE_MAGIC, mutated
from scripts.fuzz.run import mutation

SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "samples").rglob("*") if path.is_file())
BY_KIND = {path.suffix: path.read_bytes() for path in SAMPLES}


@pytest.mark.parametrize("kind", BY_KIND)
def test_the_same_numbers_give_the_same_damage(kind: str) -> None:
    data, other = BY_KIND[kind], BY_KIND[".csv"]
    made = [mutated(data, Random(f"7:{number}"), other) for number in range(60)]
    assert made == [mutated(data, Random(f"7:{number}"), other) for number in range(60)]
    assert sum(one != data for one in made) > 30
    assert len(set(made)) > 30


def test_a_mutation_follows_from_its_seed_and_number_alone() -> None:
    later, alone = [mutation(SAMPLES, "1", number) for number in range(8)][7], mutation(SAMPLES, "1", 7)
    assert later == alone
    assert mutation(SAMPLES, "2", 7) != alone


def test_containers_are_damaged_inside_too() -> None:
    data = BY_KIND[".docx"]
    names, readable, changed = set(zipfile.ZipFile(io.BytesIO(data)).namelist()), 0, 0
    for number in range(60):
        made = mutated(data, Random(number), data)
        try:
            archive = zipfile.ZipFile(io.BytesIO(made))
            changed += archive.testzip() is None and made != data
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError):
            continue
        readable += bool(names & set(archive.namelist()))
    assert readable > 30
    assert changed > 15, "whole containers with changed parts get past the checks of the container"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", OLE_MAGIC, b"%PDF-1.7", b"a", b"\n"], ids=["none", "zip", "ole", "pdf", "letter", "line"])
def test_stubs_can_be_damaged(data: bytes) -> None:
    for number in range(100):
        assert isinstance(mutated(data, Random(number), data), bytes)
