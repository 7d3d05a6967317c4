"""Parts of Office containers as XML, parsed so that a document can't reach outside itself."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator

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
            info = self._archive.getinfo(self._names[part.lower().lstrip("/")])
            with self._archive.open(info) as file:
                return file.read(info.file_size)  # without a number, zipfile unpacks all there is and then looks at the directory
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
