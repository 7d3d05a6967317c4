"""Texts longer than a piece: read bit by bit as if they had been read whole, and no further than what is kept."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.extract.text import plain_text
from lakedocs.extract.text.letters import Encoding, decoded_pieces, encoding_of
from lakedocs.records import Document, Flag, Status

LINES = ["a,b", "1,2", "", "ä,ö", '"one', 'cell",x', "日本,語", "  ", "x,y"]


def read(path: Path, data: bytes, limits: Limits | None = None) -> Document:
    path.write_bytes(data)
    return read_document(str(path), path.name, limits or Limits(), None)


def texts(document: Document) -> list[str]:
    return [element.text for element in document.elements]


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.md"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=30), end=st.sampled_from(["\n", "\r\n", "\r"]), piece=st.integers(4, 40))
def test_pieces_make_the_same_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, lines: list[str], end: str, piece: int) -> None:
    data = end.join(["first,second", "ß,1", *lines]).encode()
    whole = read(tmp_path / name, data)
    with monkeypatch.context() as patched:
        patched.setattr(plain_text, "_PIECE_BYTES", piece)
        pieces = read(tmp_path / name, data)
    assert [(e.kind, e.text, e.level) for e in pieces.elements if e.level] == [(e.kind, e.text, e.level) for e in whole.elements if e.level]
    assert texts(pieces) == texts(whole)
    assert pieces.status == whole.status


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ((b"plain", b"more"), Encoding("ascii", 1.0, False)),
        ((b"", b""), Encoding("ascii", 1.0, False)),
        ((b"plain", "später".encode()), Encoding("utf-8", 0.99, False, "ignore")),
        (("später".encode()[:3], "später".encode()[3:]), Encoding("utf-8", 0.99, False, "ignore")),
        (("später".encode(), b"plain", b"M\xfcller"), Encoding("utf-8", 0.9, True, "lakedocs-western")),
        ((b"plain", "Größe und Straße".encode("cp1252")), None),
        (("plain text".encode("utf-16"), b"\x41\x00"), Encoding("utf-16", 1.0, False)),
    ],
)
def test_the_first_letters_beyond_ascii_say_the_encoding(pieces: tuple[bytes, ...], wanted: Encoding | None) -> None:
    found = encoding_of(pieces)
    if wanted is None:
        assert (found.name, found.is_guess) == ("cp1252", True)
    else:
        assert found == wanted


def test_stray_bytes_and_letters_across_pieces_are_read() -> None:
    data = "Größe ".encode() + b"M\xfcller " + "日本".encode()
    pieces = [data[at : at + 2] for at in range(0, len(data), 2)]
    assert "".join(decoded_pieces(pieces, Encoding("utf-8", 0.9, True, "lakedocs-western"))) == "Größe Müller 日本"


def test_a_long_table_gives_its_first_rows_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    row = b"17,Somebody,2024-01-31,4.50,a remark of some length that nobody needs\n"
    data = row * (24 * 2**20 // len(row))
    path.write_bytes(data)
    tracemalloc.start()
    document = read_document(str(path), path.name, Limits(elements=500), None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (document.status, len(document.elements)) == (Status.OK, 500)
    assert Flag.TRUNCATED in document.flags
    assert peak < 16 * 2**20


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_what_has_no_line_ends_is_cut_and_says_so(tmp_path: Path, name: str) -> None:
    document = read(tmp_path / name, b"abcdefghi " * 400_000, Limits(text_mb=1))
    assert document.status is Status.OK
    assert Flag.TRUNCATED in document.flags
    assert sum(map(len, texts(document))) == pytest.approx(1_000_000, abs=10)


def test_a_quote_that_is_never_closed_costs_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{number},row" for number in range(3000)]
    rows[10] = '10,"open'
    monkeypatch.setattr(plain_text, "_PIECE_BYTES", 4096)
    document = read(tmp_path / "a.csv", "\n".join(rows).encode())
    assert len(document.elements) == len(rows)
    assert texts(document)[-1] == "2999 | row"


@pytest.mark.parametrize("lines", [999, 1000, 1001])
def test_a_cell_of_many_lines_is_one_cell(tmp_path: Path, lines: int) -> None:
    cell = "\n".join(f"line {number}" for number in range(lines))
    document = read(tmp_path / "a.csv", f'a,b\n1,"{cell}"\n2,end\n'.encode())
    assert len(document.elements) == (3 if lines <= 1000 else lines + 2)
    assert texts(document)[-1] == "2 | end"


@pytest.mark.parametrize("data", [b"\n" * 5000, b"\x00" * 5000])
def test_a_long_file_of_nothing_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(plain_text, "_PIECE_BYTES", 512)
    assert read(tmp_path / "a.csv", data).status is Status.EMPTY


def test_long_bytes_that_are_no_text_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "_PIECE_BYTES", 512)
    assert read(tmp_path / "a.csv", bytes(range(1, 9)) * 5000).status is Status.CORRUPT


def test_mojibake_is_mended_in_every_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "_PIECE_BYTES", 256)
    broken = "Größe, Straße".encode().decode("cp1252")
    document = read(tmp_path / "a.csv", (("good,line\n" * 50 + broken + "\n") * 3).encode())
    assert Flag.MENDED_ENCODING in document.flags
    assert texts(document).count("Größe | Straße") == 3
