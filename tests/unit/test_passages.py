"""Cutting: nothing is lost, nothing is too long, no border is crossed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakedocs.passages.cut import Cutter, TokenLimit, described
from lakedocs.records import Element, Place


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w{1,4}|\S", text)]


def cutter(limit: int = 20, overlap: int = 4, **options: object) -> Cutter:
    return Cutter([TokenLimit(words, limit)], overlap, **options)  # type: ignore[arg-type]


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=300)
places = st.builds(Place, page=st.none() | st.integers(1, 3), sheet=st.none() | st.sampled_from(["A", "B"]))
elements = st.lists(
    st.builds(Element, kind=st.sampled_from(["paragraph", "heading", "table_row"]), text=texts, level=st.integers(0, 3), place=places)
)


@given(elements, st.integers(8, 40), st.integers(0, 10))
@settings(max_examples=200, deadline=None)
def test_every_character_lies_in_a_passage_and_none_is_too_long(given_elements: list[Element], limit: int, overlap: int) -> None:
    passages = cutter(limit, overlap).cut("d", given_elements)
    kept = "".join("".join(passage.text.split()) for passage in passages)
    wanted = "".join("".join(element.text.split()) for element in given_elements)
    if overlap == 0:
        assert kept == wanted
    else:
        rest = iter(kept)
        assert all(character in rest for character in wanted)
    assert all(len(words(passage.text)) <= limit for passage in passages)
    assert len({passage.passage_id for passage in passages}) == len(passages)


@given(elements)
@settings(max_examples=50, deadline=None)
def test_the_same_elements_give_the_same_ids(given_elements: list[Element]) -> None:
    assert cutter().cut("d", given_elements) == cutter().cut("d", list(given_elements))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(Place(page=1), Place(page=2), id="page"),
        pytest.param(Place(slide=1), Place(slide=2), id="slide"),
        pytest.param(Place(sheet="A"), Place(sheet="B"), id="sheet"),
        pytest.param(Place(part="body"), Place(part="subject"), id="mail part"),
    ],
)
def test_no_passage_crosses_a_border(first: Place, second: Place) -> None:
    passages = cutter(100).cut("d", [Element("paragraph", "one", place=first), Element("paragraph", "two", place=second)])
    assert [(passage.text, passage.place) for passage in passages] == [("one", first), ("two", second)]


def test_headings_become_the_path_of_what_follows() -> None:
    passages = cutter(8).cut(
        "d",
        [
            Element("heading", "Lease", 1),
            Element("heading", "Rent", 2),
            Element("paragraph", "it is paid in advance each month"),
            Element("heading", "Tax", 1),
        ],
    )
    assert [passage.heading_path for passage in passages if passage.text.startswith("it is")] == ["Lease > Rent"]
    assert passages[-1].heading_path == ""


def test_long_prose_overlaps_and_rows_do_not() -> None:
    prose = cutter(10, 3).cut("d", [Element("paragraph", "aa bb cc dd ee ff gg hh ii jj kk ll mm")])
    assert set(prose[0].text.split()) & set(prose[1].text.split())
    rows = cutter(6, 2).cut(
        "d", [Element("table_row", f"r{number} a b", place=Place(sheet="S", cells=f"A{number}:C{number}")) for number in range(1, 5)]
    )
    assert sum(len(passage.text.split("\n")) for passage in rows) == 4
    assert rows[0].place.cells.startswith("A1")  # type: ignore[union-attr]


def test_the_smallest_model_counts() -> None:
    letters = [TokenLimit(lambda text: [(number, number + 1) for number in range(len(text))], 30), TokenLimit(words, 100)]
    assert max(len(passage.text) for passage in Cutter(letters, 0).cut("d", [Element("paragraph", "word " * 50)])) <= 30


def test_regions_can_be_left_out() -> None:
    kept = cutter(regions_left_out=("deletion",)).cut("d", [Element("paragraph", "gone", region="deletion"), Element("paragraph", "stays")])
    assert [passage.text for passage in kept] == ["stays"]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(page=3), "page 3"),
        (Place(slide=2, part="notes"), "slide 2, notes"),
        (Place(sheet="Rates", cells="A2:C9"), "sheet Rates, A2:C9"),
        (Place(), ""),
    ],
)
def test_places_in_words(place: Place, text: str) -> None:
    assert described(place) == text
