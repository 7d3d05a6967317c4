"""Dynamic forms (XFA): their pages only ask for another program, what they say and hold lies in packets of XML."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from lakedocs.errors import DocumentError
from lakedocs.extract.office.xml import local_name, parse

_MAX_BYTES = 20 * 2**20
_MAX_PACKETS = 50
_CAPTIONS = ("text", "exData")


def is_dynamic(document: pdfium.PdfDocument) -> bool:
    """Whether the document is a form whose pages are made when it is opened."""
    return bool(document.get_formtype() == pdfium_c.FORMTYPE_XFA_FULL)


def texts(document: pdfium.PdfDocument) -> list[str]:
    """The form's captions in their order, then its values as `name: value`; none where its packets can't be read."""
    found: dict[str, None] = {}
    for name, data in sorted(_packets(document), reverse=True):  # the template before the data
        try:
            root = parse(data)
        except DocumentError:
            continue
        for element in root.iter():
            text = " ".join("".join(element.itertext()).split()) if local_name(element) in _CAPTIONS or not len(element) else ""
            if text and name == "template" and local_name(element) in _CAPTIONS:
                found[text] = None
            elif text and name == "datasets" and local_name(element):
                found[f"{local_name(element)}: {text}"] = None
    return list(found)


def _packets(document: pdfium.PdfDocument) -> Iterator[tuple[str, bytes]]:
    for number in range(min(pdfium_c.FPDF_GetXFAPacketCount(document.raw), _MAX_PACKETS)):
        size = pdfium_c.FPDF_GetXFAPacketName(document.raw, number, None, 0)
        name = ctypes.create_string_buffer(max(size, 1))
        pdfium_c.FPDF_GetXFAPacketName(document.raw, number, name, size)
        length = ctypes.c_ulong()
        if name.value not in (b"template", b"datasets") or not pdfium_c.FPDF_GetXFAPacketContent(document.raw, number, None, 0, length):
            continue
        if 0 < length.value <= _MAX_BYTES:
            data = ctypes.create_string_buffer(length.value)
            pdfium_c.FPDF_GetXFAPacketContent(document.raw, number, data, length.value, length)
            yield name.value.decode(), data.raw[: length.value]
