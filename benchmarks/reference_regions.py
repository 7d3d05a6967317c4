"""The text of each region of an Office file, read from its parts' XML by rules of its own, as the reference of `regions.py`."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

Regions = dict[str, str]
_VISIBLE, _DELETED, _HIDDEN = "visible", "deletion", "hidden"
_BOUNDARY = "\n"


class _Package:
    """The parts of a package; names in any case."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._names = {name.casefold().replace("\\", "/").lstrip("/"): name for name in self._zip.namelist()}

    def xml(self, part: str) -> etree._Element | None:
        if part.casefold() not in self._names:
            return None
        try:
            data = self._zip.read(self._names[part.casefold()])
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
            return None
        try:
            return etree.fromstring(data, etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True))
        except etree.XMLSyntaxError:
            return None

    def relations(self, part: str) -> list[tuple[str, str, str, bool]]:
        """(id, type's last word, target, is external) of a part."""
        folder, _, base = part.rpartition("/")
        root = self.xml(posixpath.join(folder, "_rels", base + ".rels"))
        found = []
        for node in root if root is not None else ():
            if _name(node) != "Relationship":
                continue
            target, external = (node.get("Target") or "").replace("\\", "/"), node.get("TargetMode", "").lower() == "external"
            path = target if external else target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found.append((node.get("Id") or "", (node.get("Type") or "").rpartition("/")[2], path, external))
        return found

    def related(self, part: str, *kinds: str) -> Iterator[tuple[str, etree._Element]]:
        for _, kind, target, external in self.relations(part):
            if kind in kinds and not external:
                root = self.xml(target)
                if root is not None:
                    yield target, root

    def reachable(self, part: str) -> list[str]:
        """All parts that can be reached from one, itself first."""
        seen = [part]
        for current in seen:
            seen += dict.fromkeys(
                t for _, _, t, external in self.relations(current) if not external and t not in seen and t.casefold() in self._names
            )
        return seen


def regions_of(path: Path, kind: str) -> Regions:
    """Region -> its text."""
    package = _Package(path)
    texts: dict[str, list[str]] = defaultdict(list)
    main = next((target for _, kind, target, external in package.relations("") if kind == "officeDocument" and not external), "")
    {"docx": _word, "pptx": _slides, "xlsx": _sheets}[kind](package, main, texts)
    return {region: _BOUNDARY.join(parts) for region, parts in texts.items()}


def _name(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""


def _get(node: etree._Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def _is_fallback(node: etree._Element) -> bool:
    return any(_name(above) == "Fallback" for above in [node, *node.iterancestors()])


def _nodes(root: etree._Element, *names: str) -> Iterator[etree._Element]:
    return (node for node in root.iter() if _name(node) in names and not _is_fallback(node))


def _drawing_text(root: etree._Element) -> Iterator[str]:
    """Of each `a:p`."""
    for paragraph in _nodes(root, "p"):
        yield "".join(node.text or "" if _name(node) == "t" else " " for node in paragraph.iter() if _name(node) in ("t", "br", "tab"))


def _charts(package: _Package, part: str, texts: dict[str, list[str]]) -> None:
    for _, root in package.related(part, "chart", "chartEx"):
        texts["chart"] += _drawing_text(root)
        texts["chart"] += [node.text or "" for node in root.iter() if _name(node) == "v"]
        texts["chart"] += [node.text or "" for node in root.iter() if _name(node) == "pt" and node.text and "chartex" in str(node.tag)]
    for target, _ in package.related(part, "chart", "chartEx"):
        for _, shapes in package.related(target, "chartUserShapes"):
            texts["chart shapes"] += _drawing_text(shapes)
    for _, root in package.related(part, "diagramData"):
        texts["smartart"] += _drawing_text(root)


def _alt_text(root: etree._Element, texts: dict[str, list[str]]) -> None:
    for node in _nodes(root, "docPr", "cNvPr"):
        texts["alt text"] += [node.get("title") or "", node.get("descr") or ""]
    texts["alt text"] += [node.get("alt") or "" for node in _nodes(root, "shape", "rect") if "vml" in str(node.tag)]


# Word


def _word(package: _Package, main: str, texts: dict[str, list[str]]) -> None:
    hidden_styles = _hidden_styles(package, main)
    for part in package.reachable(main):
        root = package.xml(part)
        top = _name(root) if root is not None else ""
        region = {"document": "body", "hdr": "header", "ftr": "footer", "footnotes": "footnote", "endnotes": "endnote", "comments": "comment",
                  "glossaryDocument": "glossary"}.get(top)  # fmt: skip
        if root is None or region is None or "wordprocessingml" not in str(root.tag):
            continue
        for paragraph in root.iter():
            if _name(paragraph) == "p" and "wordprocessingml" in str(paragraph.tag):
                _word_paragraph(paragraph, region, hidden_styles, texts)
        texts["comment author"] += [_get(node, "author") for node in root.iter() if _name(node) == "comment"]
        texts["content control"] += [_get(node, "fullDate")[:10] for node in root.iter() if _name(node) == "date" and not _is_repeated(node)]
        texts["link target"] += {target for _, kind, target, external in package.relations(part) if external and kind == "hyperlink"}
        _alt_text(root, texts)
        _charts(package, part, texts)


def _is_repeated(node: etree._Element) -> bool:
    """Whether it stands in a Fallback whose Choice says the same: a text box whose Choice holds no text of Word's is no repetition."""
    for above in node.iterancestors():
        if _name(above) == "Fallback":
            choice = next((child for child in above.getparent() if _name(child) == "Choice"), None)
            if choice is not None and (any(_name(n) == "t" for n in choice.iter()) or not any(_name(n) == "txbxContent" for n in above.iter())):
                return True
    return False


def _word_paragraph(paragraph: etree._Element, region: str, hidden_styles: set[str], texts: dict[str, list[str]]) -> None:
    if _is_repeated(paragraph):
        return
    above = [_name(node) for node in paragraph.iterancestors()]
    around = {"text box"} if "txbxContent" in above else set()
    inner = above[: above.index("txbxContent")] if "txbxContent" in above else above
    around |= {"table"} if "tbl" in inner else set()
    around |= {"nested table"} if inner.count("tbl") > 1 else set()
    around |= {"content control"} if "sdt" in inner else set()
    around |= {"insertion"} if {"ins", "moveTo"} & set(inner) else set()
    is_hidden = _style_of(paragraph) in hidden_styles
    streams: dict[str, list[tuple[str, frozenset[str]]]] = {_VISIBLE: [], _DELETED: [], _HIDDEN: []}
    in_result = 0
    for node in paragraph.iter():
        name = _name(node)
        owner = next((a for a in node.iterancestors() if _name(a) in ("p", "txbxContent") and "drawing" not in str(a.tag)), None)
        if node is paragraph or owner is not paragraph or _is_repeated(node):
            continue
        if name == "fldChar":
            kind = _get(node, "fldCharType")
            in_result += (kind == "separate") - (kind == "end" and in_result > 0)
        if name not in ("t", "delText", "tab", "ptab", "br", "cr", "noBreakHyphen"):
            continue
        parents = [_name(a) for a in node.iterancestors()]
        parents = parents[: len(parents) - len(above) - 1]
        tags = around | ({"content control"} if "sdt" in parents else set()) | ({"hyperlink"} if "hyperlink" in parents else set())
        tags |= {"insertion"} if {"ins", "moveTo"} & set(parents) else set()
        tags |= {"math"} if "math" in str(node.tag) else set()
        tags |= {"field"} if in_result or "fldSimple" in parents else set()
        run = next((a for a in node.iterancestors() if _name(a) == "r"), None)
        deleted = name == "delText" or bool({"del", "moveFrom"} & {*parents, *inner})
        hidden = is_hidden or (run is not None and _hides(run, hidden_styles))
        text = {"t": f" {node.text or ''} " if "math" in str(node.tag) else node.text or "", "delText": node.text or "", "noBreakHyphen": "-"}.get(
            name, " "
        )
        streams[_DELETED if deleted else _HIDDEN if hidden else _VISIBLE].append((text, frozenset(tags)))
    for stream, runs in streams.items():
        whole = "".join(text for text, _ in runs)
        tags_of = [tags for text, tags in runs for _ in text]
        for match in re.finditer(r"\w+", whole):
            common = frozenset.intersection(*tags_of[match.start() : match.end()])
            base = stream if stream != _VISIBLE else region if region != "body" or not common - {"field", "hyperlink"} else ""
            for name in {base, *common} - {""}:
                texts[name].append(match.group())


def _style_of(paragraph: etree._Element) -> str:
    return next((_get(node, "val") for child in paragraph if _name(child) == "pPr" for node in child if _name(node) == "pStyle"), "")


def _hides(run: etree._Element, hidden_styles: set[str]) -> bool:
    properties = [node for child in run if _name(child) == "rPr" for node in child]
    own = next((node for node in properties if _name(node) == "vanish"), None)
    if own is not None:
        return _get(own, "val") not in ("0", "false", "off")
    return any(_name(node) == "rStyle" and _get(node, "val") in hidden_styles for node in properties)


def _hidden_styles(package: _Package, main: str) -> set[str]:
    found: set[str] = set()
    based: dict[str, str] = {}
    for _, root in package.related(main, "styles"):
        for style in root.iter():
            if _name(style) == "style":
                own = _get(style, "styleId")
                based[own] = next((_get(node, "val") for node in style if _name(node) == "basedOn"), "")
                vanish = [node for child in style if _name(child) == "rPr" for node in child if _name(node) == "vanish"]
                if vanish and _get(vanish[0], "val") not in ("0", "false", "off"):
                    found.add(own)
    return found | {style for style, parent in based.items() if parent in found}


# PowerPoint


def _slides(package: _Package, main: str, texts: dict[str, list[str]]) -> None:
    for _, root in package.related(main, "commentAuthors", "authors"):
        names = [_get(node, "name") for node in root]
        if any(True for p in package.reachable(main) for _ in package.related(p, "comments", "modernComment")):
            texts["comment author"] += names
    for part, root in package.related(main, "slide"):
        shown = root.get("show") not in ("0", "false")
        for paragraph in _nodes(root, "p"):
            text = "".join(node.text or "" if _name(node) == "t" else " " for node in paragraph.iter() if _name(node) in ("t", "br", "tab"))
            above = [_name(node) for node in paragraph.iterancestors()]
            shape = next((node for node in paragraph.iterancestors() if _name(node) in ("sp", "graphicFrame", "cxnSp")), None)
            kind = next((node.get("type") or "body" for node in shape.iter() if _name(node) == "ph"), "") if shape is not None else ""
            if kind in ("sldNum", "dt"):
                continue
            texts["table" if "tbl" in above else "title" if kind in ("title", "ctrTitle") else "group" if "grpSp" in above else "body"].append(text)
            if not shown:
                texts["hidden slide"].append(text)
        _alt_text(root, texts)
        _charts(package, part, texts)
        texts["link target"] += {t for _, kind, t, external in package.relations(part) if external and kind == "hyperlink"}
        for _, notes in package.related(part, "notesSlide"):
            for shape in _nodes(notes, "sp"):
                if next((node.get("type") for node in shape.iter() if _name(node) == "ph"), "") not in ("sldNum", "dt", "sldImg"):
                    texts["notes"] += _drawing_text(shape)
        for _, comments in package.related(part, "comments", "modernComment"):
            texts["comment"] += [node.text or "" for node in comments.iter() if _name(node) == "text"]
            texts["comment"] += _drawing_text(comments)


# Excel


def _sheets(package: _Package, main: str, texts: dict[str, list[str]]) -> None:
    root = package.xml(main)
    if root is None:
        return
    texts["sheet name"] += [node.get("name") or "" for node in root.iter() if _name(node) == "sheet"]
    texts["defined name"] += [f"{node.get('name')} {node.text or ''}" for node in root.iter() if _name(node) == "definedName"]
    shared: list[str] = []
    for _, strings in package.related(main, "sharedStrings"):
        shared = [
            "".join(n.text or "" for n in item.iter() if _name(n) == "t" and _name(n.getparent()) != "rPh") for item in strings if _name(item) == "si"
        ]
    for _, people in package.related(main, "person"):
        texts["comment author"] += [node.get("displayName") or "" for node in people]
    for part, sheet in package.related(main, "worksheet", "chartsheet", "dialogsheet"):
        for cell in sheet.iter():
            name = _name(cell)
            if name == "f":
                texts["formula"].append(cell.text or "")
            elif name == "c":
                value = "".join(n.text or "" for n in cell if _name(n) == "v")
                if cell.get("t") == "s" and value.strip().isdigit() and int(value) < len(shared):
                    texts["string"].append(shared[int(value)])
                elif cell.get("t") == "inlineStr":
                    texts["string"].append("".join(n.text or "" for n in cell.iter() if _name(n) == "t"))
                elif cell.get("t") == "str":
                    texts["string"].append(value)
            elif re.fullmatch(r"(odd|even|first)(Header|Footer)", name):
                texts["header, footer"].append(re.sub(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|.)', " ", cell.text or ""))
        for kind, region in (("comments", "comment"), ("threadedComment", "threaded comment")):
            for _, comments in package.related(part, kind):
                for node in comments.iter():
                    if _name(node) in ("comment", "threadedComment"):
                        texts[region].append("".join(n.text or "" for n in node.iter() if _name(n) in ("t", "text")))
                    elif _name(node) == "author" and not (node.text or "").startswith("tc="):
                        texts["comment author"].append(node.text or "")
        for drawing, shapes in package.related(part, "drawing"):
            texts["drawing"] += _drawing_text(shapes)
            _alt_text(shapes, texts)
            _charts(package, drawing, texts)
        texts["link target"] += {t for _, kind, t, external in package.relations(part) if external and kind == "hyperlink"}
