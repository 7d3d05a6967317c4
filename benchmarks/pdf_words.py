"""Words and processor seconds of PDF readers on the same files: ours, bare pypdfium2, pdfplumber, and pypdf where it is installed.

python benchmarks/pdf_words.py ../shared/corpus/pdf --files 60
"""

from __future__ import annotations

import importlib.util
import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

Pages = dict[int, str]
Read = Callable[[str], Pages]
_WORD = re.compile(r"\w+")
_MANY_MORE = 1.1


def pdfium(path: str) -> Pages:
    """The raw library, as plainly as it can be called."""
    import pypdfium2

    pages = {}
    document = pypdfium2.PdfDocument(path)
    for number, page in enumerate(document, start=1):
        text = page.get_textpage()
        pages[number] = text.get_text_bounded()
        text.close()
        page.close()
    document.close()
    return pages


def pdfplumber(path: str) -> Pages:
    """Without tables."""
    import pdfplumber as plumber

    pages = {}
    with plumber.open(path) as document:
        for page in document.pages:
            pages[page.page_number] = page.extract_text() or ""
            page.close()
    return pages


def pypdf(path: str) -> Pages:
    """As its documentation shows it."""
    reader = importlib.import_module("pypdf").PdfReader(path)
    return {number: page.extract_text() or "" for number, page in enumerate(reader.pages, start=1)}


def ours(path: str) -> Pages:
    """Text and tables by page; without images, as the others."""
    from lakedocs.extract.limits import Limits
    from lakedocs.extract.read import read_document

    pages: Pages = {}
    for element in read_document(path, "a.pdf", Limits(), None).elements:
        if element.place.page is not None and element.region in ("body", "table"):
            pages[element.place.page] = f"{pages.get(element.place.page, '')}\n{element.text}"
    return pages


def ours_without_pdfplumber(path: str) -> Pages:
    """The same where no page is read a second time."""
    from lakedocs.extract import pdf_tables

    reading = pdf_tables.TableReader.page
    pdf_tables.TableReader.page = lambda self, number: None  # type: ignore[method-assign]
    try:
        return ours(path)
    finally:
        pdf_tables.TableReader.page = reading  # type: ignore[method-assign]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--files", default=60, show_default=True, help="How many, by name.")
@click.option("--rounds", default=3, show_default=True, help="The fastest round counts.")
def main(folder: Path, files: int, rounds: int) -> None:
    """Print one table about the PDFs in FOLDER."""
    logging.disable(logging.CRITICAL)
    paths = [str(path) for path in sorted(folder.glob("*.pdf"))[:files]]
    readers: dict[str, Read] = {
        "pypdfium2": pdfium, "lakedocs": ours, "lakedocs, pdfium only": ours_without_pdfplumber, "pdfplumber": pdfplumber
    }  # fmt: skip
    if importlib.util.find_spec("pypdf"):
        readers["pypdf"] = pypdf
    own = {path: ours(path) for path in paths}
    print(f"{'reader':24}{'ok':>5}{'failed':>8}{'seconds':>9}{'words':>9}{'of them ours':>14}{'pages with >10% more':>22}")
    for name, read in readers.items():
        seconds, found = min(
            (_timed(read, paths) for _ in range(rounds if name.startswith(("pypdfium2", "lakedocs")) else 1)), key=lambda run: run[0]
        )
        words = shared = more = 0
        for path, pages in found.items():
            for number, text in pages.items():
                theirs, mine = Counter(_WORD.findall(text)), Counter(_WORD.findall(own[path].get(number, "")))
                words += theirs.total()
                shared += (theirs & mine).total()
                more += theirs.total() > _MANY_MORE * mine.total()
        share = f"{shared / max(words, 1):.1%}"
        print(f"{name:24}{len(found):>5}{len(paths) - len(found):>8}{seconds:>9.2f}{words:>9}{share:>14}{more:>22}")


def _timed(read: Read, paths: list[str]) -> tuple[float, dict[str, Pages]]:
    start = time.process_time()
    found = {}
    for path in paths:
        try:
            found[path] = read(path)
        except Exception as error:  # noqa: BLE001 - any failure of any reader is a file that failed
            logging.getLogger(__name__).info("failed: %s", type(error).__name__)
    return time.process_time() - start, found


if __name__ == "__main__":
    main()
