"""Paths as they are listed lead back to their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakedocs.lakehouse.listing import path_of


@pytest.mark.parametrize(
    "name", [b"plain.csv", "Zoë.csv".encode(), b"caf\xe9.csv", b"literal\\xe9.csv"], ids=["ascii", "utf-8", "latin-1", "a backslash"]
)
def test_a_listed_path_opens(tmp_path: Path, name: bytes) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
        file.write(b"x")
    listed = os.fsdecode(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    assert path_of(str(tmp_path), listed).read_bytes() == b"x"
