"""What the process that reads tells the one that asked: every field comes back as it was, and no more than was sent."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.extract.isolation import IsolatedReader, _data, _document
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Element, Flag, Guess, Image, Place, Shows, Status

PLACES = st.builds(
    Place,
    page=st.none() | st.integers(1, 3),
    slide=st.none() | st.integers(1, 3),
    sheet=st.none() | st.sampled_from(["a", "Bücher"]),
    cells=st.none() | st.just("A1:B1"),
    part=st.none() | st.just("subject"),
)
ELEMENTS = st.builds(
    Element, kind=st.sampled_from(["paragraph", "heading"]), text=st.text(max_size=5), level=st.integers(0, 3), region=st.just("body"), place=PLACES
)


def sent(document: Document) -> Document:
    return _document(json.loads(json.dumps(_data(document))))


@given(elements=st.lists(ELEMENTS, max_size=6))
def test_elements_come_back_as_they_were(elements: list[Element]) -> None:
    document = Document("a", Status.OK, elements=tuple(elements))
    assert sent(document) == document


def test_everything_else_does_too() -> None:
    image = Image("00", "image/png", 1, 2, 3, Place(slide=4), Shows.PAGE)
    child = Document("inner.txt", Status.EMPTY, "It holds no text.", parser="text/1")
    texts, guesses = (Element("paragraph", "x"),), (Guess("b", "c", 0.5),)
    document = Document("a.csv", Status.OK, "a note", (Flag.TRUNCATED,), "text_table/4", "hash", 17, texts, (image,), (child,), guesses)
    assert sent(document) == document


@pytest.mark.parametrize("texts", [[], ["only"]])
def test_a_short_answer_makes_no_more_elements_than_it_has_texts(texts: list[str]) -> None:
    data = _data(Document("a", Status.OK, elements=tuple(Element("paragraph", "same") for _ in range(1000))))
    data["elements"] = (texts, data["elements"][1])
    assert [element.text for element in _document(json.loads(json.dumps(data))).elements] == texts


def test_documents_one_after_the_other_are_read_alike_in_the_process_and_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"{number},row {number}\n" for number in range(3000)))
    reader = IsolatedReader(Limits())
    try:
        found = [reader.read(str(path), path.name, None) for _ in range(2)]
    finally:
        reader.close()
    assert found[0] == found[1] == read_document(str(path), path.name, Limits(), None)
    assert gc.isenabled()
