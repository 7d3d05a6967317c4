"""One reader in one process, in whatever environment has it: a path a line in, seconds, outcome and text a line out.

Run by extraction.py, with the reader's name and what else it needs as arguments; imports nothing that all environments don't have.
"""

from __future__ import annotations

import base64
import importlib
import io
import re
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Read = Callable[[str], str]
NOT_OK = "not ok"
"""What a reader that refuses a file with a reason answers; others raise."""


class RefusedError(Exception):
    """The reader says itself that it gives no text of this file."""


def module(name: str) -> Any:
    return importlib.import_module(name)


def python_docx() -> Read:
    docx = module("docx")

    def read(path: str) -> str:
        document = docx.Document(path)
        tables = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
        return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *tables])

    return read


def calamine() -> Read:
    workbook = module("python_calamine").CalamineWorkbook

    def read(path: str) -> str:
        book = workbook.from_path(path)
        return "\n".join(" ".join(map(str, row)) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python())

    return read


def openpyxl() -> Read:
    load = module("openpyxl").load_workbook

    def read(path: str) -> str:
        book = load(path, read_only=True, data_only=True)
        rows = (row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
        return "\n".join(" ".join(str(cell) for cell in row if cell is not None) for row in rows)

    return read


def python_pptx() -> Read:
    presentation = module("pptx").Presentation

    def read(path: str) -> str:
        shapes = (shape for slide in presentation(path).slides for shape in slide.shapes)
        return "\n".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)

    return read


def pypdfium2() -> Read:
    document = module("pypdfium2").PdfDocument

    def read(path: str) -> str:
        pages = document(path)
        return "\n".join(page.get_textpage().get_text_bounded() for page in pages)

    return read


def pdfplumber() -> Read:
    plumber = module("pdfplumber")

    def read(path: str) -> str:
        with plumber.open(path) as document:
            return "\n".join(page.extract_text() or "" for page in document.pages)

    return read


def extract_msg() -> Read:
    open_it = module("extract_msg").openMsg

    def read(path: str) -> str:
        with open_it(path) as message:
            fields = (getattr(message, name, None) for name in ("sender", "to", "cc", "subject", "body"))
            return "\n".join(str(field) for field in fields if field)

    return read


def stdlib_email() -> Read:
    policy = module("email.policy").default
    parse = module("email").message_from_bytes

    def read(path: str) -> str:
        message = parse(Path(path).read_bytes(), policy=policy)
        body = message.get_body(("plain", "html"))
        return "\n".join([*(str(message[name]) for name in ("From", "To", "Cc", "Subject") if message[name]), body.get_content() if body else ""])

    return read


def stdlib_csv() -> Read:
    reader = module("csv").reader

    def read(path: str) -> str:
        with open(path, encoding="utf-8", newline="") as file:
            return "\n".join(" ".join(row) for row in reader(file))

    return read


def markitdown() -> Read:
    converter = module("markitdown").MarkItDown()
    return lambda path: str(converter.convert(path).text_content)


def unstructured() -> Read:
    """Its model of English words is fetched at run time; where it is not there, an empty one takes its place, which only makes it faster."""
    kinds = {"docx": "docx", "xlsx": "xlsx", "pptx": "pptx", "pdf": "pdf", "msg": "msg", "eml": "email", "csv": "csv"}
    spacy = module("spacy")
    if not spacy.util.is_package("en_core_web_sm"):
        english = spacy.blank("en")
        english.add_pipe("sentencizer")
        module("unstructured.nlp.tokenize")._load_spacy_model = lambda: english  # noqa: SLF001

    def read(path: str) -> str:
        kind = kinds[Path(path).suffix.lower().lstrip(".")]
        partition = getattr(module(f"unstructured.partition.{kind}"), f"partition_{kind}")
        elements = partition(filename=path, **({"strategy": "fast"} if kind == "pdf" else {}))
        return "\n".join(str(element) for element in elements)

    return read


def docling() -> Read:
    """Its backends by themselves: its converter imports the pipelines of models, for PDF and sound."""
    formats = module("docling.datamodel.base_models").InputFormat
    open_it = module("docling.datamodel.document").InputDocument
    backends = {
        "docx": (formats.DOCX, module("docling.backend.msword_backend").MsWordDocumentBackend),
        "xlsx": (formats.XLSX, module("docling.backend.msexcel_backend").MsExcelDocumentBackend),
        "pptx": (formats.PPTX, module("docling.backend.mspowerpoint_backend").MsPowerpointDocumentBackend),
        "csv": (formats.CSV, module("docling.backend.csv_backend").CsvDocumentBackend),
    }

    def read(path: str) -> str:
        kind, backend = backends[Path(path).suffix.lower().lstrip(".")]
        document = open_it(path_or_stream=Path(path), format=kind, backend=backend)
        return str(document._backend.convert().export_to_markdown())  # noqa: SLF001

    return read


def lakedocs() -> Read:
    read_document = module("lakedocs.extract.read").read_document
    limits = module("lakedocs.extract.limits").Limits()
    return lambda path: text_of(read_document(path, Path(path).name, limits, None))


def lakedocs_isolated() -> Read:
    reader = module("lakedocs.extract.isolation").IsolatedReader(module("lakedocs.extract.limits").Limits())
    return lambda path: text_of(reader.read(path, Path(path).name, None))


def text_of(document: Any) -> str:
    """The text of a document of ours with that of its attachments; what has another status than ok says so."""
    if document.status != "ok":
        raise RefusedError(document.status)
    return "\n".join(_pieces(document))


def _pieces(document: Any) -> Iterator[str]:
    yield from (element.text for element in document.elements)
    for child in document.children:
        yield child.name
        yield from _pieces(child)


_TEXT_TAGS = frozenset({"t", "delText", "v"})
_WORD_PARTS = re.compile(
    r"(?:word|ppt|xl)/(?!theme|styles|settings|fontTable|webSettings|_rels|slideLayouts|slideMasters|notesMasters|handoutMasters)", re.IGNORECASE
)
_MSG_TEXT = re.compile(r"__substg1\.0_(?:0037|1000|0C1A|0E03|0E04|3707)001[EF]$", re.IGNORECASE)


def reference() -> Read:
    """What there is to read, by other means than any of the readers, as far as that goes."""

    def read(path: str) -> str:
        data = Path(path).read_bytes()
        kind = Path(path).suffix.lower().lstrip(".")
        if kind in ("docx", "xlsx", "pptx"):
            return _xml_text(data) if data[:2] == b"PK" else ""
        return {"pdf": _pdf_text, "msg": _msg_text, "eml": _mail_text, "csv": _decoded}[kind](data)

    return read


def _xml_text(data: bytes) -> str:
    """The text of all parts that hold content; numbers of cells are left out, for a person sees them formatted."""
    etree = module("lxml.etree")
    pieces = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if not (name.endswith(".xml") and _WORD_PARTS.match(name)):
                continue
            for block in etree.fromstring(archive.read(name), etree.XMLParser(recover=True, huge_tree=True, resolve_entities=False)).iter():
                tag = block.tag.rpartition("}")[2] if isinstance(block.tag, str) else ""
                if tag == "p" or tag in ("si", "is", "comment", "c"):
                    pieces.append("\n")
                elif tag in ("tab", "br"):
                    pieces.append(" ")
                elif tag in _TEXT_TAGS and block.text and not (tag == "v" and name.startswith("xl/")):
                    pieces.append(block.text if tag != "v" else f" {block.text} ")
    return "".join(pieces)


def _pdf_text(data: bytes) -> str:
    """Of each page what pypdfium2 reads, and the words that only pypdf does."""
    pages = [page.get_textpage().get_text_bounded() for page in module("pypdfium2").PdfDocument(data)]
    try:
        others = [page.extract_text() for page in module("pypdf").PdfReader(io.BytesIO(data)).pages]
    except Exception:  # noqa: BLE001 - it fails in many ways; then one of the two has to do
        others = []
    known = set(re.findall(r"\w+", "\n".join(pages)))
    return "\n".join([*pages, *(word for other in others for word in re.findall(r"\w+", other) if word not in known)])


def _msg_text(data: bytes) -> str:
    ole = module("olefile").OleFileIO(io.BytesIO(data))
    pieces = []
    for entry in ole.listdir():
        if _MSG_TEXT.match(entry[-1]):
            raw = ole.openstream(entry).read()
            pieces.append(raw.decode("utf-16-le" if entry[-1].upper().endswith("F") else "cp1252", "replace").replace("\0", ""))
    return "\n".join(pieces)


def _mail_text(data: bytes) -> str:
    message = module("email").message_from_bytes(data, policy=module("email.policy").default)
    pieces = [str(message[name]) for name in ("From", "To", "Cc", "Subject") if message[name]]
    body = message.get_body(("plain", "html"))
    if body is not None:
        text = body.get_content()
        pieces.append(re.sub(r"(?s)<(?:style|script).*?</|<[^>]*>|&\w+;", " ", text) if body.get_content_subtype() == "html" else text)
    return "\n".join(pieces)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "shift-jis", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


READERS: dict[str, Callable[[], Read]] = {
    "python-docx": python_docx, "calamine": calamine, "openpyxl": openpyxl, "python-pptx": python_pptx, "pypdfium2": pypdfium2,
    "pdfplumber": pdfplumber, "extract-msg": extract_msg, "email": stdlib_email, "csv": stdlib_csv, "markitdown": markitdown,
    "unstructured": unstructured, "docling": docling, "lakedocs": lakedocs, "lakedocs isolated": lakedocs_isolated, "reference": reference,
}  # fmt: skip


def main() -> None:
    """Answer each path until there are no more; what a reader prints goes elsewhere."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    read = READERS[sys.argv[1]]()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        try:
            text, outcome = read(line.rstrip("\n")), "ok"
        except RefusedError as error:
            text, outcome = "", f"{NOT_OK}: {error}"
        except BaseException as error:  # noqa: BLE001 - whatever a reader fails with, it is one file's outcome (and Rust's panics are no Exception)
            text, outcome = "", f"failed: {type(error).__name__}"
        seconds = time.perf_counter() - start
        encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        print(f"{seconds:.6f}\t{outcome}\t{encoded}", file=answers, flush=True)


if __name__ == "__main__":
    main()
