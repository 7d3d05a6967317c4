"""Which task reads a file: its extension decides. Imports no parser, for the clusters that read no files know names, too."""

from __future__ import annotations

from pathlib import PurePosixPath

from lakedocs.records import Kind

_EXTENSIONS: dict[Kind, tuple[str, ...]] = {
    Kind.WORD: ("docx", "docm", "dotx", "dotm", "doc", "dot", "rtf", "odt"),
    Kind.XLSX: ("xlsx", "xlsm", "xltx", "xltm", "xls", "xlt", "xlsb", "ods"),
    Kind.PPTX: ("pptx", "pptm", "ppsx", "ppsm", "potx", "ppt", "pps", "odp"),
    Kind.PDF: ("pdf",),
    Kind.MSG_CSV: ("msg", "eml", "csv", "tsv"),
}
_KIND_OF_EXTENSION = {extension: kind for kind, extensions in _EXTENSIONS.items() for extension in extensions}


def extension_of(name: str) -> str:
    """The lower-case extension without its dot; empty where there is none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower().lstrip(".")


def is_known_extension(extension: str) -> bool:
    """Whether it is the extension of a kind that is read."""
    return extension.lower() in _KIND_OF_EXTENSION


def kind_of(name: str) -> Kind:
    """The task that writes this file; what no other task knows goes to 05."""
    return _KIND_OF_EXTENSION.get(extension_of(name), Kind.MSG_CSV)
