"""Mathematical formulas (OMML) as one line of text: a fraction as a/b, a power as x^2, a root as √(x)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lakedocs.extract.office.xml import attribute, local_name

_BETWEEN = {"f": "/", "sSup": "^", "limLow": " ", "limUpp": " ", "func": " ", "m": "; ", "mr": ", ", "eqArr": "; "}
_SUM_SIGN = "∫"
"""What an n-ary operator is without a character of its own (ECMA-376 part 1, 22.1.2.20)."""


def math_text(node: etree._Element) -> str:
    """The text of `m:oMath` or of what stands in it."""
    name = local_name(node)
    if name == "t":
        return node.text or ""
    parts = [text for child in node if not local_name(child).endswith("Pr") and (text := math_text(child))]
    if name == "d":
        opening, closing, between = (_property(node, key, usual) for key, usual in (("begChr", "("), ("endChr", ")"), ("sepChr", "|")))
        return opening + between.join(parts) + closing
    if name == "rad":
        return f"√({')('.join(reversed(parts))})"
    if name == "nary":
        return " ".join([_property(node, "chr", _SUM_SIGN), *parts])
    if name in ("f", "sSup"):
        parts = list(_in_parentheses(parts))
    return _BETWEEN.get(name, "").join(parts)


def _in_parentheses(parts: list[str]) -> Iterator[str]:
    for part in parts:
        yield part if part.isalnum() or (part[0] in "([{" and part[-1] in ")]}") else f"({part})"


def _property(node: etree._Element, name: str, usual: str) -> str:
    found = node.find(f"{{*}}{local_name(node)}Pr/{{*}}{name}")
    return usual if found is None else attribute(found, "val")
