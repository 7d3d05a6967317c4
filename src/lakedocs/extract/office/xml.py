"""Parts of Office containers as XML, parsed so that a document can't reach outside itself."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from lakedocs.errors import DocumentError
from lakedocs.records import Status

_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"

_ENTITY = "<!ENTITY"
_LONG_BYTES = 10_000_000
_DECLARATION = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml[^>]*?\sencoding\s*=\s*[\"'](?:utf-?8|us-ascii|iso-8859-\d+|windows-125\d)[\"']|(?!\?xml[^>]*?\sencoding)[?!\w])",
    re.IGNORECASE,
)
"""How a part begins in which ASCII letters are bytes."""


def parse(data: bytes) -> etree._Element:
    """The root of a part; nothing is fetched, and what declares entities is refused: Office files have none (ECMA-376 part 2, clause 9).

    Raises:
        DocumentError: `corrupt` when it is not XML, or declares entities.
    """
    declaration = _DECLARATION.match(data)
    if any(_ENTITY.encode(encoding) in data for encoding in (("ascii",) if declaration else ("ascii", "utf-16-le", "utf-16-be"))):
        raise DocumentError(Status.CORRUPT, "A part declares entities, which no document does.")
    # the parser's own bounds (256 levels, what entities become) hold but for what is long, in encodings that hide no letters above
    huge_tree = len(data) >= _LONG_BYTES and (declaration is not None or data.startswith((b"\xff\xfe", b"\xfe\xff")))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge_tree, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(Status.CORRUPT, "A part of the document is not XML.") from error
    if root is None:
        raise DocumentError(Status.CORRUPT, "A part of the document is empty.")
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        raise DocumentError(Status.CORRUPT, "A part is nested deeper than any document.")
    return root


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; empty for comments and processing instructions."""
    tag = element.tag
    return _without_namespace(tag) if isinstance(tag, str) else ""


@lru_cache(4096)
def _without_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def attribute(element: etree._Element, name: str) -> str:
    """An attribute by its name, whatever its namespace: the strict form of the formats has others than the usual one."""
    own = element.get(name)
    if own is not None:
        return str(own)
    return next((str(value) for key, value in element.attrib.items() if _without_namespace(str(key)) == name), "")


def in_use(root: etree._Element, *names: str) -> Iterator[etree._Element]:
    """`root` and all below it of these names, in document order; what a `mc:Fallback` repeats is left out."""
    skipped = {fallback for fallback in root.iter("{*}Fallback") if is_repetition(fallback)}
    for node in root.iter(*(f"{{*}}{name}" for name in names)):
        if not skipped or not any(above in skipped for above in node.iterancestors("{*}Fallback")):
            yield node


def is_repetition(fallback: etree._Element) -> bool:
    """Whether a `mc:Fallback` says again what a Choice beside it says, or stands in for the chart or diagram that the Choice points to.

    Where no Choice has text, a picture or such a part (ink, for one, has none), the Fallback is all that there is to read.
    """
    for choice in fallback.itersiblings("{*}Choice", preceding=True):
        for node in choice.iter("{*}t", "{*}blip", "{*}graphicData", "{*}txbxContent"):
            if local_name(node) != "graphicData" or any(attribute(child, "id") or attribute(child, "dm") for child in node):
                return True
    return False


class Container:
    """The parts of an Office file by name, with their relationships; names are matched whatever their case."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower().replace("\\", "/").lstrip("/"): name for name in archive.namelist()}
        self._relations: dict[str, list[tuple[str, str, str, bool]]] = {}

    def __contains__(self, part: str) -> bool:
        return part.lower().lstrip("/") in self._names

    def names(self) -> list[str]:
        return list(self._names)

    def read(self, part: str) -> bytes:
        """The bytes of a part.

        Raises:
            DocumentError: `corrupt` when the part is missing or its data damaged.
        """
        try:
            info = self._archive.getinfo(self._names[part.lower().lstrip("/")])
            with self._archive.open(info) as file:
                return file.read(info.file_size)  # without a number, zipfile unpacks all there is and then looks at the directory
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
            raise DocumentError(Status.CORRUPT, "A part of the document is missing or damaged.") from error

    def xml(self, part: str) -> etree._Element:
        return parse(self.read(part))

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """Relationship id -> (type's last word, target part); external targets are left out."""
        return {name: (kind, target) for name, kind, target, is_external in self._related(part) if not is_external}

    def links(self, part: str) -> Iterator[str]:
        """The addresses outside the document that `part` links to, each once; none is ever opened."""
        yield from dict.fromkeys(target for _, kind, target, is_external in self._related(part) if is_external and kind == "hyperlink")

    def _related(self, part: str) -> list[tuple[str, str, str, bool]]:
        """(id, type's last word, target, whether it lies outside) of each relationship of a part."""
        key = part.lower()
        if key not in self._relations:
            self._relations[key] = list(self._relations_of(part))
        return self._relations[key]

    def _relations_of(self, part: str) -> Iterator[tuple[str, str, str, bool]]:
        folder, _, base = part.rpartition("/")
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self:
            return
        for relation in self.xml(rels).iter(_RELATIONSHIP):
            kind, target = (relation.get("Type") or "").rpartition("/")[2], relation.get("Target") or ""
            is_external = relation.get("TargetMode", "").lower() == "external"
            if not is_external:
                target = target.replace("\\", "/")
                target = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            yield relation.get("Id") or "", kind, target, is_external

    def targets(self, part: str, kind: str) -> list[str]:
        """The parts that `part` points to by relationships of this kind, in order, those present only."""
        return [target for relation, target in self.related(part).values() if relation == kind and target in self]


def main_part(container: Container, fallback: str) -> str:
    """The part that the package's own relationships call the document."""
    found = container.targets("", "officeDocument")
    if found:
        return found[0]
    if fallback in container:
        return fallback
    raise DocumentError(Status.CORRUPT, "The container has no main part.")


def core_properties(container: Container) -> Iterator[tuple[str, str]]:
    """(name, value) of title, subject, creator, keywords, description and who changed it last."""
    for part in container.targets("", "core-properties"):
        for child in container.xml(part):
            name = local_name(child)
            if name in ("title", "subject", "creator", "keywords", "description", "lastModifiedBy", "category") and child.text:
                yield name, child.text
