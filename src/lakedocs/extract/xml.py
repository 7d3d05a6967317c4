"""Parts of Office containers as XML, parsed so that a document can't reach outside itself."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator

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
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


class Container:
    """The parts of an Office file by name, with their relationships; names are matched whatever their case."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower().replace("\\", "/").lstrip("/"): name for name in archive.namelist()}

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
        folder, _, base = part.rpartition("/")
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self:
            return {}
        found = {}
        for relation in self.xml(rels).iter(_RELATIONSHIP):
            if relation.get("TargetMode", "").lower() == "external":
                continue
            target = (relation.get("Target") or "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[relation.get("Id") or ""] = ((relation.get("Type") or "").rpartition("/")[2], path)
        return found

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
