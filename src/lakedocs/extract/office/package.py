"""Opening the package of a Word, Excel or PowerPoint file (Open Packaging Conventions: ECMA-376 part 2)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from lakedocs.extract.kinds import has_macros
from lakedocs.extract.limits import check_zip
from lakedocs.extract.office.xml import Container, core_properties
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place


@contextmanager
def opened(path: str, reading: Reading) -> Iterator[Container]:
    """The parts of a package that is safe to unpack, its macros flagged and its properties added.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    if has_macros(check_zip(path, reading.limits)):
        reading.flag(Flag.MACROS)
    with zipfile.ZipFile(path) as archive:
        container = Container(archive)
        for name, value in core_properties(container):
            reading.add("property", value, region="metadata", place=Place(part=name))
        yield container
