"""Charts of Office documents, those of DrawingML and the newer ones (`cx`): titles and axes, a row per series, and shapes drawn on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from lakedocs.extract.cells import row_text
from lakedocs.extract.office.paragraphs import paragraphs
from lakedocs.extract.office.xml import Container, local_name
from lakedocs.extract.reading import Reading
from lakedocs.records import Place

_CATEGORIES, _VALUES = ("cat", "xVal"), ("val", "yVal")
_MOST_POINTS = 200
"""In one element; redaction and cutting want small ones."""


def add_chart(reading: Reading, container: Container, part: str, place: Place, region: str = "chart") -> None:
    """A chart as its title and axis texts, then a row per series: name, then category: value."""
    root = container.xml(part)
    for text in paragraphs(root):
        reading.add("chart", text, region=region, place=place)
    for cells in _series(root) if root.find(".//{*}ser") is not None else _newer_series(root):
        for start in range(0, len(cells), _MOST_POINTS):
            reading.add("chart", row_text(cells[start : start + _MOST_POINTS]), region=region, place=place)
    for shapes in container.targets(part, "chartUserShapes"):
        for text in paragraphs(container.xml(shapes)):
            reading.add("chart", text, region=region, place=place)


def _series(root: etree._Element) -> Iterator[list[str]]:
    """The cells of each series, then what else is kept of values: bubble sizes, error bars, labels that come from cells."""
    used: set[etree._Element] = set()
    for series in root.iter("{*}ser"):
        name = _points(series, ("tx",), used)
        yield [" ".join(name.values()), *_pairs(_points(series, _CATEGORIES, used), _points(series, _VALUES, used))]
        rest = [node.text or "" for node in series.iter("{*}v") if node not in used]
        yield [text for text in rest if text.strip()]
        used.update(series.iter("{*}v"))
    yield [node.text for node in root.iter("{*}v") if node.text and node.text.strip() and node not in used]


def _points(series: etree._Element, tags: tuple[str, ...], used: set[etree._Element]) -> dict[str, str]:
    """Index -> text of a series' points; of categories in levels, all of them, the innermost first as the file has them."""
    found: dict[str, str] = {}
    for child in series:
        if local_name(child) not in tags:
            continue
        for node in child.iter("{*}v"):
            used.add(node)
            point = node.getparent()
            index = point.get("idx") if point is not None else None
            key = index if index is not None else f"+{len(found)}"
            text = " ".join((node.text or "").split())
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _pairs(categories: dict[str, str], values: dict[str, str]) -> Iterator[str]:
    for index in dict.fromkeys([*categories, *values]):
        yield ": ".join(text for text in (categories.get(index), values.get(index)) if text)


def _newer_series(root: etree._Element) -> Iterator[list[str]]:
    """Each `cx:data` as its categories with their values; then the names of the series."""
    for data in root.iter("{*}data"):
        dimensions = [_newer_points(node) for node in data if local_name(node) in ("strDim", "numDim")]
        indices = dict.fromkeys(index for points in dimensions for index in points)
        yield [": ".join(points[index] for points in dimensions if index in points) for index in indices]
    yield [text for text in _texts(root.iter("{*}v")) if text]


def _newer_points(dimension: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for point in dimension.iter("{*}pt"):
        index, text = point.get("idx") or f"+{len(found)}", " ".join((point.text or "").split())
        if text:
            found[index] = f"{found[index]}, {text}" if index in found else text
    return found


def _texts(nodes: Iterable[etree._Element]) -> Iterator[str]:
    return (" ".join((node.text or "").split()) for node in nodes)
