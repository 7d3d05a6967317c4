"""Files that stand in a document as OLE objects: taken out, if they are documents."""

from __future__ import annotations

import io
import posixpath
import struct

import olefile

from lakedocs.extract.office.xml import Container
from lakedocs.extract.reading import Reading

_NATIVE = "\x01Ole10Native"
_WHOLE = ("worddocument", "workbook", "book", "powerpoint document", "encryptedpackage", "__properties_version1.0")
"""Streams of containers that are documents as they stand."""
_INNER = (("package", ""), ("contents", ".pdf"))
"""Streams that hold a document, and what it may be called: a package of Office says itself what it is."""
_ZIP, _PDF = b"PK\x03\x04", b"%PDF-"


def add_embedded(reading: Reading, container: Container, part: str) -> None:
    """Attach the file of an `oleObject` or `package` part; an object that is none (an equation, a control) is left out.

    Raises:
        DocumentError: corrupt, for a part that is missing or damaged.
    """
    data, name = container.read(part), posixpath.basename(part)
    if not data.startswith(olefile.MAGIC):
        if len(data) > len(_ZIP):
            reading.attach(name, data)
        return
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            streams = {entry[0].lower(): entry[0] for entry in ole.listdir() if len(entry) == 1}
            if any(stream in streams for stream in _WHOLE):
                reading.attach(name, data)
                return
            if _NATIVE.lower() in streams:
                label, inner = native(ole.openstream(streams[_NATIVE.lower()]).read())
                if inner:
                    reading.attach(label or name, inner)
                return
            for stream, extension in _INNER:
                inner = ole.openstream(streams[stream]).read() if stream in streams else b""
                if inner.startswith(_ZIP) or _PDF in inner[:1024]:
                    reading.attach(posixpath.splitext(name)[0] + extension, inner)
    except (OSError, ValueError, IndexError, AttributeError, struct.error, RecursionError):
        reading.attach(name, data)  # a damaged container: read as an attachment, it ends with a status of its own


def native(stream: bytes) -> tuple[str, bytes]:
    """(file name, bytes) of an `Ole10Native` stream, as Packager writes it; no bytes where it is written otherwise.

    Length, a short, label, path, two shorts, the length of a path and the path, length of the data and the data ([MS-OLEDS] 2.3.6).
    """
    try:
        label_end = stream.index(b"\0", 6)
        path_end = stream.index(b"\0", label_end + 1)
        at = path_end + 5
        at += 4 + struct.unpack_from("<I", stream, at)[0]
        size = struct.unpack_from("<I", stream, at)[0]
    except (ValueError, struct.error):
        return "", b""
    name = (stream[6:label_end] or stream[label_end + 1 : path_end]).decode("cp1252", "replace")
    return name.replace("\\", "/").rpartition("/")[2], stream[at + 4 : at + 4 + size]
