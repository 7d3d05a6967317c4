"""Parts of Office containers as XML, parsed so that a document can't reach outside itself."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from lakedocs.errors import DocumentError
from lakedocs.records import Status

_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def parse(data: bytes) -> etree._Element:
    """The root of a part; entities stay unresolved, nothing is fetched.

    Raises:
        DocumentError: `corrupt` when it is not XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(Status.CORRUPT, "A part of the document is not XML.") from error
    if root is None:
        raise DocumentError(Status.CORRUPT, "A part of the document is empty.")
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
            return self._archive.read(self._names[part.lower().lstrip("/")])
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
