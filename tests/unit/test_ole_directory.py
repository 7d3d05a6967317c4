"""An OLE container's directory and streams: what it holds is found whatever its layout, and a broken one costs nothing."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from random import Random

import olefile
import pytest
from extract_msg import OleWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakedocs.extract.binary import sectors
from lakedocs.extract.binary.compound import compound_at
from lakedocs.extract.binary.directory import Directory, directory_of
from lakedocs.extract.kinds import Format, sniff
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Status

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def container(streams: dict[str, int | bytes]) -> bytes:
    """One with these streams, each of so many bytes or of these; a slash stands between folder and stream."""
    writer, out = OleWriter(), io.BytesIO()
    for folder in dict.fromkeys(name.partition("/")[0] for name in streams if "/" in name):
        writer.addEntry([folder], storage=True)
    for name, content in streams.items():
        writer.addEntry(name.split("/"), content if isinstance(content, bytes) else b"x" * content)
    writer.write(out)
    return out.getvalue()


def expected(path: Path) -> Directory:
    """The same by the library that reads everything."""
    with olefile.OleFileIO(str(path)) as ole:
        top = [(entry.name.lower(), entry.entry_type) for entry in ole.root.kids]
        claimed = sum(entry.size for entry in ole.direntries if entry is not None and entry.entry_type == olefile.STGTY_STREAM)
    streams, storages = (frozenset(name for name, kind in top if kind == wanted) for wanted in (olefile.STGTY_STREAM, olefile.STGTY_STORAGE))
    return Directory(streams, storages, claimed)


@pytest.mark.parametrize(
    "streams",
    [
        {"WordDocument": 5000},
        {f"stream {number}": number * 7 for number in range(150)},
        {"folder/inner": 100, "folder/other": 9000, "Book": 1},
        {"large": 9 * 2**20, "small": 1},  # more tables of sectors than the header has room for
    ],
)
def test_what_stands_at_the_top_is_found(tmp_path: Path, streams: dict[str, int | bytes]) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(container(streams))
    found = directory_of(str(path))
    assert found == expected(path)
    assert found.claimed_bytes == sum(size for size in streams.values() if isinstance(size, int))
    assert found.streams == {name.lower() for name in streams if "/" not in name}


def streams_by_library(path: Path) -> dict[str, bytes]:
    with olefile.OleFileIO(str(path)) as ole:
        return {"/".join(names).lower(): ole.openstream(names).read() for names in ole.listdir()}


def streams_of(path: Path) -> dict[str, bytes | None]:
    with compound_at(str(path)) as compound:
        return {name: compound.read(name) for name, part in compound.parts.items() if part.is_stream}


def test_real_containers_are_seen_as_the_library_sees_them() -> None:
    files = [path for kind in ("msg", "doc", "xls", "ppt") for path in sorted((CORPUS / kind).glob("*"))[:25]]
    if not files:
        pytest.skip("the corpus is not here")
    for path in files:
        if path.read_bytes()[:8] == olefile.MAGIC:
            assert directory_of(str(path)) == expected(path), path.name
            try:
                wanted = streams_by_library(path)
            except OSError:  # damaged: the library gives up where the rest can be read
                continue
            assert streams_of(path) == wanted, path.name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.sampled_from([0, 1, 63, 64, 65, 511, 512, 4095, 4096, 4097, 70_000]), min_size=1, max_size=40),
    chance=st.randoms(use_true_random=False),
)
def test_streams_of_every_size_come_back(tmp_path: Path, sizes: list[int], chance: Random) -> None:
    wanted: dict[str, int | bytes] = {f"folder/{index}" if index % 3 else f"top {index}": chance.randbytes(size) for index, size in enumerate(sizes)}
    path = tmp_path / "a.bin"
    path.write_bytes(container(wanted))
    assert streams_of(path) == wanted


def test_a_stream_in_a_ring_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    data = bytearray(container({"large": b"".join(bytes([number]) * 512 for number in range(20)), "small": 100}))
    path.write_bytes(data)
    with compound_at(str(path)) as compound:
        first = compound.parts["large"].start
    (table,) = struct.unpack_from("<I", data, 76)
    struct.pack_into("<I", data, (table + 1) * 512 + (first + 1) * 4, first)
    path.write_bytes(data)
    found = streams_of(path)
    assert (len(found["large"] or b""), found["small"]) == (1024, b"x" * 100)
    with compound_at(str(path)) as compound:
        assert compound.read("gone") is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("WordDocument", Format.OLD_WORD),
        ("PowerPoint Document", Format.OLD_POWERPOINT),
        ("Workbook", Format.XLS),
        ("EncryptedPackage", Format.ENCRYPTED_OFFICE),
        ("__properties_version1.0", Format.MSG),
        ("__substg1.0_0037001F", Format.MSG),
        ("folder/WordDocument", Format.UNKNOWN),
        ("anything", Format.UNKNOWN),
    ],
)
def test_the_streams_at_the_top_say_the_format(tmp_path: Path, name: str, wanted: Format) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(container({name: 10}))
    assert sniff(str(path), "a.bin") is wanted


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(st.tuples(st.integers(8, 4095), st.integers(0, 255)), max_size=25), kept=st.integers(8, 8192))
def test_no_damage_makes_it_hang_or_fail_otherwise(tmp_path: Path, changes: list[tuple[int, int]], kept: int) -> None:
    data = bytearray(container({f"stream {number}": 100 for number in range(20)}))
    for at, value in changes:
        data[at % len(data)] = value
    path = tmp_path / "a.doc"
    path.write_bytes(data[:kept])
    document = read_document(str(path), path.name, Limits(), None)
    assert document.status in (Status.CORRUPT, Status.EMPTY, Status.UNSUPPORTED)


@pytest.mark.parametrize("next_of_directory", [1, 0])
def test_a_ring_of_sectors_ends(tmp_path: Path, next_of_directory: int) -> None:
    data = bytearray(container({"WordDocument": 5000}))
    (first,) = struct.unpack_from("<I", data, 48)
    (table,) = struct.unpack_from("<I", data, 76)
    struct.pack_into("<I", data, (table + 1) * 512 + first * 4, first if next_of_directory else 0)
    path = tmp_path / "a.doc"
    path.write_bytes(data)
    assert "worddocument" in directory_of(str(path)).streams


def test_streams_that_claim_more_than_the_file_are_refused(tmp_path: Path) -> None:
    data = bytearray(container({"WordDocument": 5000}))
    at = data.index("WordDocument".encode("utf-16-le")) + 120
    struct.pack_into("<I", data, at, 2**31)
    path = tmp_path / "a.doc"
    path.write_bytes(data)
    document = read_document(str(path), path.name, Limits(), None)
    assert document.status is Status.CORRUPT
    assert "claim" in document.reason


def test_a_mail_takes_no_other_container_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.msg"
    texts = {"001A": "IPM.Note", "0037": "The subject", "1000": "The body"}
    streams = {f"__substg1.0_{tag}001F": text.encode("utf-16-le") for tag, text in texts.items()}
    path.write_bytes(container({"__properties_version1.0": bytes(32), **streams}))
    opened: list[object] = []
    make = olefile.OleFileIO.__init__

    def noted(self: olefile.OleFileIO, *arguments: object, **named: object) -> None:
        opened.append(self)
        make(self, *arguments, **named)

    monkeypatch.setattr(olefile.OleFileIO, "__init__", noted)
    document = read_document(str(path), path.name, Limits(), None)
    assert [element.text for element in document.elements] == ["The subject", "The body"]
    assert opened == [], "a mail's streams are read without the objects that a library makes of each"


def test_a_directory_without_end_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(container({f"stream {number}": 1 for number in range(100)}))
    monkeypatch.setattr(sectors, "_MOST_BYTES", 4096)
    with pytest.raises(ValueError, match="longer"):
        directory_of(str(path))
