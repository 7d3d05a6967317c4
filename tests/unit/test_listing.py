"""Every file is listed, and its path as it is listed leads back to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

from lakedocs.errors import SourceError
from lakedocs.lakehouse.listing import list_source, listed_as, path_of, walk
from lakedocs.records import Kind
from lakedocs.settings import load_settings


@pytest.mark.parametrize(
    "name", [b"plain.csv", "Zoë.csv".encode(), b"caf\xe9.csv", b"literal\\xe9.csv"], ids=["ascii", "utf-8", "latin-1", "a backslash"]
)
def test_a_listed_path_opens(tmp_path: Path, name: bytes) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
        file.write(b"x")
    assert path_of(str(tmp_path), listed_as(os.fsdecode(name))).read_bytes() == b"x"


def paths(source: Path, folder: str, *, recursive: bool = True) -> list[str | None]:
    return sorted((found and found[0] for found in walk(source, folder, recursive=recursive)), key=str)


def test_links_to_files_and_folders_are_followed_but_not_round_in_circles(tmp_path: Path) -> None:
    source, elsewhere = tmp_path / "source", tmp_path / "elsewhere"
    (source / "a" / "b").mkdir(parents=True)
    elsewhere.mkdir()
    for path in (source / "a" / "one.csv", source / "a" / "b" / "two.csv", elsewhere / "three.csv"):
        path.write_text("x")
    (source / "a" / "linked").symlink_to(elsewhere)
    (source / "a" / "b" / "up").symlink_to(source / "a")
    (elsewhere / "back").symlink_to(elsewhere)
    (source / "a" / "whole").symlink_to(source)
    (source / "self").symlink_to(source)
    (source / "a" / "four.csv").symlink_to(elsewhere / "three.csv")
    (source / "a" / "dangling.csv").symlink_to(tmp_path / "nowhere")
    assert paths(source, "a") == ["a/b/two.csv", "a/four.csv", "a/linked/three.csv", "a/one.csv"]
    assert paths(source, "", recursive=False) == []
    assert paths(source, "self") == []


def test_a_folder_whose_name_is_no_utf8_is_listed(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(folder)).mkdir()
    with open(folder + b"/one.csv", "wb") as file:
        file.write(b"x")
    (found,) = paths(tmp_path, "caf\\xe9")
    assert found is not None
    assert listed_as(found) == "caf\\xe9/one.csv"
    assert path_of(str(tmp_path), listed_as(found)).read_bytes() == b"x"


def test_what_can_not_be_listed_is_told(tmp_path: Path) -> None:
    assert paths(tmp_path, "gone") == [None]


def test_a_folder_is_listed_as_it_is_read_and_told_where_that_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "one.csv").write_text("x")
    given: list[str] = []
    whole = os.scandir

    @contextmanager
    def cut_off(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        def entries() -> Iterator[os.DirEntry[str]]:
            with whole(folder) as found:
                for entry in found:
                    given.append(entry.name)
                    yield entry
            given.append("the end")
            raise OSError(5, "the storage went away")

        yield entries()

    monkeypatch.setattr("lakedocs.lakehouse.listing.os.scandir", cut_off)
    listed = walk(tmp_path, "flat", recursive=True)
    first = next(listed)
    assert first is not None
    assert (first[0], given) == ("flat/one.csv", ["one.csv"]), "no folder is held whole"
    assert list(listed) == [None]


@pytest.mark.parametrize("source", ["abfss://files@firm.dfs.core.windows.net/in", "s3://firm/in"])
def test_a_source_that_workers_can_not_open_is_refused_with_the_way_out(source: str) -> None:
    with pytest.raises(SourceError, match="external volume"):
        list_source(cast("SparkSession", None), load_settings("local", {"source.path": source}), Kind.PDF)  # no session is needed to say so
