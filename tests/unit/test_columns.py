"""A column of a table is judged as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.extract.cells import cell_ranges, row_text
from lakedocs.keys import make_local_keys
from lakedocs.records import Finding, TableRow
from lakedocs.redact.columns import Columns
from lakedocs.redact.family import Family
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.recognizers import ColumnData
from lakedocs.settings import load_settings


@pytest.fixture(scope="module")
def redactor(tmp_path_factory: pytest.TempPathFactory) -> TextRedactor:
    settings = load_settings("local", {"storage.root": str(tmp_path_factory.mktemp("root"))})
    make_local_keys(settings)
    return TextRedactor(settings)


def redacted(redactor: TextRedactor, rows: list[str], cells: list[str] | None = None) -> list[str]:
    with Family[int](redactor) as family:
        for number, row in enumerate(rows, start=1):
            family.add_cells(number, row, TableRow(("d", "Sheet1"), number, cells[number - 1] if cells else ""))
        return [texts[0].text for _, texts in family.redacted()]


def test_a_header_that_is_known_hides_its_column_whatever_a_cell_looks_like(redactor: TextRedactor) -> None:
    rows = ["Ref | Surname | Amount", "1 | sky | 40", "2 | Q. | 50", "3 | — | 60", "4 | oak-leaf 7 | 70"]
    assert redacted(redactor, rows) == ["Ref | Surname | Amount", "1 | <PERSON> | 40", "2 | <PERSON> | 50", "3 | — | 60", "4 | <PERSON> | 70"]


def test_a_header_is_the_word_before_each_number_of_its_column(redactor: TextRedactor) -> None:
    numbers = ("111222333", "123456782", "100000009", "232262536")
    assert redacted(redactor, ["code | Fiscaal", *(f"x | {n}" for n in numbers)])[1:] == ["x | <NL_BSN>"] * 4
    assert redacted(redactor, ["code | Stück", *(f"x | {n}" for n in numbers)])[1:] == [f"x | {n}" for n in numbers]


def test_a_title_above_the_header_hides_no_header(redactor: TextRedactor) -> None:
    rows = ["All of them", "Section B", "Achternaam | Score", "blauw | 3", "regen | 4"]
    assert redacted(redactor, rows)[3:] == ["<PERSON> | 3", "<PERSON> | 4"]


def test_ranges_tell_which_cells_a_row_has(redactor: TextRedactor) -> None:
    rows = ["Surname | Amount | Remark", "40 | paid", "sky | late"]
    cells = ["A1:C1", "B2:C2", "A3:A3,C3:C3"]
    assert redacted(redactor, rows, cells)[1:] == ["40 | paid", "<PERSON> | late"]


def test_empty_cells_at_the_edges_move_no_column(redactor: TextRedactor) -> None:
    assert redacted(redactor, ["| Surname | Paid", "1 | sky | 40", "| rain | x", "2 | oak |", "3 |  |"])[1:] == [
        "1 | <PERSON> | 40", "| <PERSON> | x", "2 | <PERSON> |", "3 |  |",
    ]  # fmt: skip


def test_a_bar_inside_of_a_cell_moves_no_column(redactor: TextRedactor) -> None:
    rows = [row_text(cells) for cells in (["Surname", "Paid | due"], ["sky", "40 | 50"], ["rain |", "| 7"], ["| oak", "8"])]
    assert redacted(redactor, rows)[1:] == ["<PERSON> | 40 ¦ 50", "<PERSON> | ¦ 7", "<PERSON> | 8"]


def test_a_form_keeps_its_labels_and_hides_what_stands_beside_them(redactor: TextRedactor) -> None:
    rows = ["First name | sky", "Last name | rain", "Position | Manager", "Annual leave | 25 days", "Salary | 4000"]
    assert redacted(redactor, rows) == ["First name | <PERSON>", "Last name | <PERSON>", *rows[2:]]


@pytest.mark.parametrize("second", ["Surname | Paid", "Full name | Amount"])
def test_a_header_that_stands_again_makes_no_form_of_a_list(redactor: TextRedactor, second: str) -> None:
    rows = ["Surname | Paid", "Castellan | 3", "Jansen | 4", "Müller | 5", second, "Kowalska | 3", "sky | 4"]
    hidden = redacted(redactor, rows)
    assert [row for number, row in enumerate(hidden) if number not in (0, 4)] == [f"<PERSON> | {n}" for n in (3, 4, 5, 3, 4)]


def test_a_single_word_of_a_column_is_no_name_elsewhere(redactor: TextRedactor) -> None:
    with Family[int](redactor) as family:
        family.add(0, "Unknown items remain.")
        for number, row in enumerate(["Surname | Paid", "Unknown | 3"], start=1):
            family.add_cells(number, row, TableRow(("d",), number))
        assert [texts[0].text for _, texts in family.redacted()] == ["Unknown items remain.", "Surname | Paid", "<PERSON> | 3"]


def test_what_a_column_hides_is_hidden_where_it_recurs(redactor: TextRedactor) -> None:
    with Family[int](redactor) as family:
        family.add(0, "the letter is signed by Brightwater Eleventyfold, then filed")
        family.add_cells(1, "Full name | Amount", TableRow(("d",), 1))
        family.add_cells(2, "Brightwater Eleventyfold | 3", TableRow(("d",), 2))
        assert next(texts[0].text for _, texts in family.redacted()) == "the letter is signed by <PERSON>, then filed"


@pytest.mark.parametrize(
    ("header", "cells", "entity"),
    [
        ("x", ["A", "A", "A", "b", "c"], "PERSON"),  # most
        ("x", ["A", "b", "c", "d", "e"], None),
        ("Names", ["A", "b", "c", "d", "e"], "PERSON"),  # likely, and some are
        ("Names", ["a", "b", "c", "d", "e"], None),
        ("E-mail 2", ["a", "b"], "EMAIL_ADDRESS"),  # certain
        ("x", ["A"], None),  # one is no column
    ],
)
def test_judgement(header: str, cells: list[str], entity: str | None) -> None:
    known = [ColumnData(entity="PERSON", likely=("names",)), ColumnData(entity="EMAIL_ADDRESS", certain=("e mail",))]
    columns = Columns(lambda text: [], known)
    columns.note(TableRow(("t",), 1), header, [])
    noted = [columns.note(TableRow(("t",), row), cell, [Finding(0, 1, "PERSON", 0.9, "m")] * cell.isupper()) for row, cell in enumerate(cells, 2)]
    assert [[finding.entity for finding in columns.find(*pair)] for pair in zip(noted, cells, strict=True)] == [[entity] if entity else []] * len(
        cells
    )


@given(st.lists(st.integers(1, 20_000), min_size=1, unique=True))
def test_ranges_hold_every_column_once(columns: list[int]) -> None:
    from openpyxl.utils import column_index_from_string, range_boundaries

    ranges = cell_ranges(sorted(columns), 7)
    found = [column for part in ranges.split(",") if part for column in range(range_boundaries(part)[0], range_boundaries(part)[2] + 1)]
    assert found == [column for column in sorted(columns) if column <= column_index_from_string("ZZZ")]


def test_a_header_in_a_wide_file_is_read(redactor: TextRedactor, tmp_path: Path) -> None:
    width = 20_000  # wider than columns have letters
    rows = [" | ".join(["c"] * (width - 1) + ["Surname"]), " | ".join(["1"] * (width - 1) + ["sky"])]
    assert redacted(redactor, rows)[1].endswith("1 | <PERSON>")
