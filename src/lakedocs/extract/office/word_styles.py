"""What Word's styles say of paragraphs and runs: that they are headings, that they are hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from lakedocs.extract.office.xml import Container, attribute, local_name

_HEADING = re.compile(r"(?:heading|überschrift|kop|titre|título)\s*(\d)$", re.IGNORECASE)
_DEEPEST = 9
_LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Styles:
    """By style id: the level of headings (`Title` counts as 1), and which styles hide their text."""

    headings: dict[str, int] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Style:
    parent: str
    level: int | None
    is_hidden: bool | None


def styles_of(container: Container, main: str) -> Styles:
    """The styles of a document; what one doesn't say, those that it is based on say."""
    own: dict[str, _Style] = {}
    for part in container.targets(main, "styles"):
        for style in container.xml(part).iter("{*}style"):
            own[attribute(style, "styleId")] = _style(style)
    headings, hidden = {}, set()
    for name in own:
        chain = _chain(own, name)
        level = next((style.level for style in chain if style.level is not None), 0)
        if 1 <= level <= _DEEPEST:
            headings[name] = level
        if next((style.is_hidden for style in chain if style.is_hidden is not None), False):
            hidden.add(name)
    return Styles(headings, frozenset(hidden))


def is_on(node: etree._Element) -> bool:
    """Whether a property that is on by standing there is not switched off."""
    return attribute(node, "val").lower() not in ("0", "false", "off")


def _chain(own: dict[str, _Style], name: str) -> list[_Style]:
    chain: list[_Style] = []
    while name in own and len(chain) < _LONGEST_CHAIN:
        chain.append(own[name])
        name = own[name].parent
    return chain


def _style(style: etree._Element) -> _Style:
    name, parent, outline, is_hidden = "", "", None, None
    for child in style:
        kind = local_name(child)
        if kind == "name":
            name = attribute(child, "val").strip()
        elif kind == "basedOn":
            parent = attribute(child, "val")
        elif kind in ("pPr", "rPr"):
            for node in child.iter("{*}outlineLvl", "{*}vanish"):
                if local_name(node) == "vanish":
                    is_hidden = is_on(node)
                elif attribute(node, "val").isdecimal():
                    outline = int(attribute(node, "val")) + 1
    match = _HEADING.match(name)
    return _Style(parent, int(match.group(1)) if match else 1 if name.lower() == "title" else outline, is_hidden)
