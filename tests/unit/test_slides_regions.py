"""Each region of presentations, by name: what stands in it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packages import by_region, read, shape, slides, xml

from lakedocs.records import Flag


def frame(rows: list[list[str]], attributes: str = "") -> str:
    """A table; a cell is a text, or `<...` its attributes and nothing in it."""
    cells = [
        "".join(f"<a:tc {c[1:]}/>" if c.startswith("<") else f"<a:tc><a:txBody><a:p><a:r><a:t>{c}</a:t></a:r></a:p></a:txBody></a:tc>" for c in row)
        for row in rows
    ]
    table = f"<a:tbl>{''.join(f'<a:tr>{row}</a:tr>' for row in cells)}</a:tbl>"
    properties = f'<p:nvGraphicFramePr><p:cNvPr id="3" name="t" {attributes}/></p:nvGraphicFramePr>'
    return f"<p:graphicFrame>{properties}<a:graphic>{table}</a:graphic></p:graphicFrame>"


MATH = "<m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>"
CHART = '<a:graphicData><cx:chart r:id="rId9"/></a:graphicData>'
CASES: dict[str, tuple[str, dict[str, list[str]]]] = {
    "the title first, whatever its place": (shape("body") + shape("Title", kind="ctrTitle"), {"body": ["Title", "body"]}),
    "groups in groups": (f"<p:grpSp>{shape('outer')}<p:grpSp>{shape('inner')}</p:grpSp></p:grpSp>", {"body": ["outer", "inner"]}),
    "numbers and dates that PowerPoint puts in are left out": (
        shape("7", kind="sldNum") + shape("1 May", kind="dt") + shape("foot", kind="ftr"),
        {"body": ["foot"]},
    ),
    "merged cells of tables": (
        frame([["Name", '<hMerge="1"', "Rent"], ["Ada", "Vossberg", "900"]]),
        {"body": ["Name |  | Rent", "Ada | Vossberg | 900"]},
    ),
    "a shape that is switched off": (shape("seen") + shape("unseen", properties='hidden="1"'), {"body": ["seen"], "hidden": ["unseen"]}),
    "a group that is switched off": (
        f'<p:grpSp><p:nvGrpSpPr><p:cNvPr id="1" name="g" hidden="true"/></p:nvGrpSpPr>{shape("unseen")}</p:grpSp>{shape("seen")}',
        {"hidden": ["unseen"], "body": ["seen"]},
    ),
    "a table that is switched off": (frame([["a", "b"]], 'hidden="1"'), {"hidden": ["a | b"]}),
    "a fallback is not read twice": (
        f"<mc:AlternateContent><mc:Choice>{shape('once')}</mc:Choice><mc:Fallback>{shape('once')}</mc:Fallback></mc:AlternateContent>",
        {"body": ["once"]},
    ),
    "a fallback of a chart is none": (
        f"<mc:AlternateContent><mc:Choice><p:graphicFrame><a:graphic>{CHART}</a:graphic></p:graphicFrame></mc:Choice>"  # noqa: ISC004
        f"<mc:Fallback>{shape('This chart is not available')}</mc:Fallback></mc:AlternateContent>{shape('a')}",
        {"body": ["a"]},
    ),
    "a fallback where the choice says nothing": (
        f"<mc:AlternateContent><mc:Choice><p:contentPart/></mc:Choice><mc:Fallback>{shape('ink')}</mc:Fallback></mc:AlternateContent>",
        {"body": ["ink"]},
    ),
    "breaks, fields and mathematics": (
        f"<p:sp><p:txBody><a:p><a:r><a:t>one</a:t></a:r><a:br/><a:fld><a:t>two </a:t></a:fld><a14:m>{MATH}</a14:m></a:p></p:txBody></p:sp>",
        {"body": ["one\ntwo x^2"]},
    ),
    "alternative text": (shape("a", properties='title="Map" descr="The site"'), {"body": ["a"], "alt_text": ["Map", "The site"]}),
}  # fmt: skip


@pytest.mark.parametrize(("shapes", "wanted"), CASES.values(), ids=CASES.keys())
def test_each_region_of_a_slide(tmp_path: Path, shapes: str, wanted: dict[str, list[str]]) -> None:
    document = read(slides(tmp_path / "a.pptx", [shapes]))
    assert by_region(document) == wanted
    assert (Flag.HIDDEN_TEXT in document.flags) == ("hidden" in wanted)
    assert {element.place.slide for element in document.elements} == {1}


def test_levels_of_headings(tmp_path: Path) -> None:
    document = read(slides(tmp_path / "a.pptx", [shape("S", kind="subTitle") + shape("T", kind="title") + shape("b", kind="body")]))
    assert [(element.text, element.kind, element.level) for element in document.elements] == [
        ("T", "heading", 1), ("S", "heading", 2), ("b", "paragraph", 0),
    ]  # fmt: skip


def test_notes_comments_charts_and_diagrams(tmp_path: Path) -> None:
    points = '<c:cat><c:pt idx="0"><c:v>2024</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>9</c:v></c:pt></c:val>'
    chart = f"<c:chart><c:ser><c:tx><c:v>Rent</c:v></c:tx>{points}</c:ser></c:chart>"
    old = '<p:cm authorId="0"><p:text>Check this</p:text></p:cm>'
    reply = '<p188:reply authorId="{B}"><p188:txBody><a:p><a:r><a:t>Done</a:t></a:r></a:p></p188:txBody></p188:reply>'
    new = (
        f'<p188:cm authorId="{{A}}"><p188:replyLst>{reply}</p188:replyLst><p188:txBody><a:p><a:r><a:t>Why?</a:t></a:r></a:p></p188:txBody></p188:cm>'
    )
    parts = {
        "notesSlides/notesSlide1.xml": xml("p:notes", shape("picture", kind="sldImg") + shape("said aloud", kind="body") + shape("1", kind="sldNum")),
        "comments/comment1.xml": xml("p:cmLst", old),
        "comments/modern.xml": xml("p188:cmLst", new),
        "commentAuthors.xml": xml("p:cmAuthorLst", '<p:cmAuthor id="0" name="Ada"/>'),
        "authors.xml": xml("p188:authorLst", '<p188:author id="{A}" name="Berta"/><p188:author id="{B}" name="Cora"/>'),
        "charts/chart1.xml": xml("c:chartSpace", chart),
        "diagrams/data1.xml": xml("dgm:dataModel", "<dgm:t><a:p><a:r><a:t>step</a:t></a:r></a:p></dgm:t>"),
    }
    of_slide = [
        ("notesSlide", "../notesSlides/notesSlide1.xml"), ("comments", "../comments/comment1.xml"), ("comments", "../comments/modern.xml"),
        ("chart", "../charts/chart1.xml"), ("diagramData", "../diagrams/data1.xml"), ("hyperlink", "https://x.example/"),
        ("slideLayout", "../gone.xml"),
    ]  # fmt: skip
    of_main = [("commentAuthors", "commentAuthors.xml"), ("authors", "authors.xml")]
    document = read(
        slides(tmp_path / "a.pptx", [shape("first"), shape("second")], {2: of_slide, 1: of_slide[3:5]}, parts=parts, of_main=of_main, hidden=[1])
    )
    assert by_region(document) == {
        "hidden": ["first", "Rent | 2024: 9", "step"], "body": ["second"], "notes": ["said aloud"], "chart": ["Rent | 2024: 9"], "diagram": ["step"],
        "comment": ["Ada", "Check this", "Berta", "Why?", "Cora", "Done"], "link": ["https://x.example/"],
    }  # fmt: skip
    assert [element.text for element in document.elements if element.kind == "author"] == ["Ada", "Berta", "Cora"]
    assert [element.place.slide for element in document.elements if element.region == "notes"] == [2]


def test_a_damaged_comment_part_costs_itself_alone(tmp_path: Path) -> None:
    document = read(slides(tmp_path / "a.pptx", [shape("a"), shape("b")], {1: [("comments", "../c.xml")]}, parts={"c.xml": b""}))
    assert by_region(document) == {"body": ["a", "b"]}
    assert Flag.TRUNCATED in document.flags
