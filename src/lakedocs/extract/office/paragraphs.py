"""Paragraphs of DrawingML (`a:p`), which slides, shapes, charts and diagrams share, and formulas of OMML in them."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lakedocs.extract.office.formulas import math_text
from lakedocs.extract.office.xml import in_use, local_name


def paragraphs(root: etree._Element) -> Iterator[str]:
    """The text of each `a:p` below `root`, breaks as line ends; empty ones are left out."""
    for element in in_use(root, "p"):
        text = "".join(_runs(element))
        if text.strip():
            yield text


def _runs(paragraph: etree._Element) -> Iterator[str]:
    has_math = paragraph.find(".//{*}oMath") is not None
    for node in paragraph.iter("{*}t", "{*}br", "{*}tab", "{*}oMath"):
        name = local_name(node)
        if name == "oMath":
            yield math_text(node)
        elif name == "t":
            yield "" if has_math and next(node.iterancestors("{*}oMath"), None) is not None else node.text or ""
        else:
            yield "\n" if name == "br" else "\t"
