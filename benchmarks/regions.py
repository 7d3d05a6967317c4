"""Share of the words of each region of Office files that extraction keeps, file by file; the reference is read straight from the XML.

PYTHONPATH=src python benchmarks/regions.py FOLDER

A region's words are counted as a multiset: a word that stands three times must be found three times, anywhere in the file's elements or in
those of its attachments. Files that are refused (encrypted, corrupt) are left out.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.reference_regions import regions_of

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Status

_WORD = re.compile(r"\w+")
_KINDS = {"docx": ("docx", "docm", "dotx", "dotm"), "pptx": ("pptx", "pptm", "ppsx", "potx"), "xlsx": ("xlsx", "xlsm", "xltx")}


def words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def found_in(document: Document) -> Iterator[str]:
    for element in document.elements:
        yield element.text
        yield from (text for text in (element.place.sheet, element.place.part) if text)
    for child in document.children:
        yield child.name
        yield from found_in(child)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--worst", default=3, help="So many of a region's worst files are named.")
def main(folder: Path, worst: int) -> None:
    kept: dict[tuple[str, str], list[tuple[float, int, int, str]]] = defaultdict(list)
    for kind, extensions in _KINDS.items():
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower().lstrip(".") in extensions):
            document = read_document(str(path), path.name, Limits(), None)
            if document.status not in (Status.OK, Status.EMPTY, Status.NEEDS_OCR):
                continue
            have = words("\n".join(found_in(document)))
            for region, text in regions_of(path, kind).items():
                wanted = words(text)
                if total := wanted.total():
                    here = (wanted & have).total()
                    kept[kind, region].append((here / total, here, total, str(path.relative_to(folder))))
    print(f"{'kind':5} {'region':18} {'files':>5} {'words':>8} {'kept':>7}  worst files")
    for (kind, region), files in kept.items():
        share = sum(here for _, here, _, _ in files) / sum(total for _, _, total, _ in files)
        names = ", ".join(f"{name} {part:.0%} of {total}" for part, _, total, name in sorted(files)[:worst] if part < 1)
        print(f"{kind:5} {region:18} {len(files):5} {sum(total for _, _, total, _ in files):8} {share:7.2%}  {names}")


if __name__ == "__main__":
    main()
