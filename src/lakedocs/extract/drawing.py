"""DrawingML that Word, PowerPoint and Excel share: paragraphs of shapes, charts, SmartArt, pictures, embedded files."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from lxml import etree

from lakedocs.extract.reading import Reading
from lakedocs.extract.xml import Container, local_name
from lakedocs.records import Place

_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def paragraphs(root: etree._Element) -> Iterator[str]:
    """The text of each `a:p` below `root`, breaks as line ends."""
    for element in root.iter():
        if local_name(element) == "p":
            text = "".join(_runs(element))
            if text.strip():
                yield text


def _runs(paragraph: etree._Element) -> Iterator[str]:
    for node in paragraph.iter():
        name = local_name(node)
        if name == "t":
            yield node.text or ""
        elif name == "br":
            yield "\n"
        elif name == "tab":
            yield "\t"


def add_chart(reading: Reading, container: Container, part: str, place: Place) -> None:
    """A chart as its title and axis texts, then a row per series: name, then category: value."""
    root = container.xml(part)
    for text in paragraphs(root):
        reading.add("chart", text, region="chart", place=place)
    for series in root.iter():
        if local_name(series) != "ser":
            continue
        name = " ".join(_points(series, "tx"))
        categories = list(_points(series, "cat")) or list(_points(series, "xVal"))
        values = list(_points(series, "val")) or list(_points(series, "yVal"))
        pairs = [f"{c}: {v}" for c, v in zip(categories, values, strict=False)] or categories or values
        longest = categories[len(pairs) :] or values[len(pairs) :]
        reading.add("chart", " | ".join(x for x in [name, *pairs, *longest] if x), region="chart", place=place)


def _points(series: etree._Element, tag: str) -> Iterator[str]:
    for child in series:
        if local_name(child) == tag:
            for node in child.iter():
                if local_name(node) == "v" and node.text:
                    yield node.text


def add_related(reading: Reading, container: Container, part: str, place: Place) -> None:
    """What a part points to beside its own text: charts, SmartArt, embedded documents."""
    for kind, target in container.related(part).values():
        if target not in container:
            continue
        with reading.tolerating_damage():
            if kind in ("chart", "chartEx"):
                add_chart(reading, container, target, place)
            elif kind == "diagramData":
                for text in paragraphs(container.xml(target)):
                    reading.add("diagram", text, region="diagram", place=place)
            elif kind == "package":
                reading.attach(posixpath.basename(target), container.read(target))


def add_pictures(reading: Reading, container: Container, part: str, root: etree._Element, place: Place) -> None:
    """Pictures that `root` shows (`a:blip`, `v:imagedata`), with their alternative text."""
    related = container.related(part)
    for node in root.iter():
        name = local_name(node)
        if name in ("docPr", "cNvPr"):
            for attribute in ("title", "descr"):
                reading.add("alt_text", node.get(attribute) or "", region="alt_text", place=place)
        elif name in ("blip", "imagedata"):
            target = related.get(node.get(f"{_RELATION_ID}embed") or node.get(f"{_RELATION_ID}id") or "", ("", ""))[1]
            if target and target in container:
                with reading.tolerating_damage():
                    reading.save_image(lambda target=target: container.read(target), posixpath.splitext(target)[1], place)  # type: ignore[misc]
