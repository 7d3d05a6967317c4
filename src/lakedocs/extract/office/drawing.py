"""What Word, PowerPoint and Excel share beside their text: charts, SmartArt, pictures with alternative text, old shapes (VML), embedded files."""

from __future__ import annotations

import posixpath

from lxml import etree

from lakedocs.extract.embedded import add_embedded
from lakedocs.extract.office.charts import add_chart
from lakedocs.extract.office.paragraphs import paragraphs
from lakedocs.extract.office.xml import Container, attribute, in_use, local_name
from lakedocs.extract.reading import Reading
from lakedocs.records import Place

_VML = "{urn:schemas-microsoft-com:vml}"
_MOST_LINKS = 1_000
"""Of one part; beyond are lists of links, which stand in their own text."""


def add_related(reading: Reading, container: Container, part: str, place: Place, *, is_hidden: bool = False) -> None:
    """What a part points to beside its own text: charts, SmartArt, embedded documents, addresses.

    Args:
        reading: gets it.
        container: holds the parts.
        part: the part that points.
        place: where it stands.
        is_hidden: whether what a person would see is not shown: its region is `hidden` then.
    """
    related = container.related(part)
    for kind, target in related.values():
        if target not in container:
            continue
        with reading.tolerating_damage():
            if kind in ("chart", "chartEx"):
                add_chart(reading, container, target, place, "hidden" if is_hidden else "chart")
            elif kind in ("package", "oleObject"):
                add_embedded(reading, container, target)
    _diagrams(reading, container, part, place, "hidden" if is_hidden else "diagram")
    for number, address in enumerate(container.links(part)):
        if number == _MOST_LINKS:
            break
        reading.add("link", address, region="link", place=place)


def _diagrams(reading: Reading, container: Container, part: str, place: Place, region: str) -> None:
    """The texts of SmartArt; of its drawing, if its data is missing or has none."""
    for kind in ("diagramData", "diagramDrawing"):
        texts: list[str] = []
        for target in container.targets(part, kind):
            with reading.tolerating_damage():
                texts += paragraphs(container.xml(target))
        for text in texts:
            reading.add("diagram", text, region=region, place=place)
        if texts:
            return


def add_pictures(reading: Reading, container: Container, part: str, root: etree._Element, place: Place) -> None:
    """Pictures that `root` shows (`a:blip`, `v:imagedata`), and alternative text of whatever it draws."""
    related = container.related(part)
    for node in in_use(root, "docPr", "cNvPr", "blip", "imagedata", "shape", "rect", "textpath"):
        name = local_name(node)
        if name in ("docPr", "cNvPr"):
            _alternative_text(reading, node, ("title", "descr"), place)
        elif name in ("blip", "imagedata"):
            target = related.get(attribute(node, "embed") or attribute(node, "id"), ("", ""))[1]
            if target and target in container:
                with reading.tolerating_damage():
                    reading.save_image(lambda target=target: container.read(target), posixpath.splitext(target)[1], place)  # type: ignore[misc]
        elif node.tag.startswith(_VML):
            if name == "textpath":  # a watermark, say
                reading.add("paragraph", node.get("string") or "", region="text_box", place=place)
            else:
                _alternative_text(reading, node, ("alt",), place)


def _alternative_text(reading: Reading, node: etree._Element, names: tuple[str, ...], place: Place) -> None:
    if any(node.get(name) for name in names) and next(node.iterancestors("{*}Fallback"), None) is None:
        for name in names:
            reading.add("alt_text", node.get(name) or "", region="alt_text", place=place)
