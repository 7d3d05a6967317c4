"""Documents with a password: opened with one of those that are given, else refused by that name."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from docx import Document as Word
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl import Workbook
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from lakedocs.extract.isolation import IsolatedReader
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Flag, Status

PASSWORDS = ("first", "Zürich 7", "last")


def encrypted(package: bytes, password: str) -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(package)).encrypt(password, out)
    return out.getvalue()


def word(text: str) -> bytes:
    document, out = Word(), io.BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def book(text: str) -> bytes:
    workbook, out = Workbook(), io.BytesIO()
    workbook.active.append([text])
    workbook.save(out)
    return out.getvalue()


def pdf(text: str, password: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption(password, ownerPassword="the owner's", strength=128))
    canvas.drawString(72, 720, text)
    canvas.save()
    return out.getvalue()


def read(path: Path, data: bytes, *passwords: str) -> Document:
    path.write_bytes(data)
    return read_document(str(path), path.name, Limits(), None, passwords=passwords)


def texts(document: Document) -> str:
    return "\n".join(element.text for element in document.elements)


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("name", ["a.docx", "b.xlsx", "c.pdf"])
def test_each_password_is_tried(tmp_path: Path, name: str, password: str) -> None:
    make = {"a.docx": lambda: encrypted(word("The merger is off."), password), "b.xlsx": lambda: encrypted(book("The merger is off."), password)}
    data = make[name]() if name in make else pdf("The merger is off.", password)
    document = read(tmp_path / name, data, *PASSWORDS)
    assert (document.status, document.flags) == (Status.OK, (Flag.UNLOCKED,))
    assert "The merger is off." in texts(document)
    assert document.size_bytes == len(data)
    assert document.content_hash == read(tmp_path / name, data).content_hash, "the hash is that of the file as it lies there"


@pytest.mark.parametrize("name", ["a.docx", "c.pdf"])
@pytest.mark.parametrize("given", [(), ("wrong",), ("", "wrong", "Rosebud ")])
def test_what_none_opens_says_so_and_tells_no_password(tmp_path: Path, name: str, given: tuple[str, ...]) -> None:
    data = encrypted(word("x"), "Rosebud") if name == "a.docx" else pdf("x", "Rosebud")
    document = read(tmp_path / name, data, *given)
    assert (document.status, document.elements, document.flags) == (Status.ENCRYPTED, (), ())
    assert "document_passwords" in document.reason
    assert "wrong" not in document.reason


def test_nobody_is_sent_for_a_password_that_would_not_help(tmp_path: Path) -> None:
    head = b"From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; boundary=e\n\n--e--\n"
    assert read(tmp_path / "m.eml", head, "first").reason == "The mail is encrypted."


def test_a_workbook_that_excel_opens_without_asking_is_read(tmp_path: Path) -> None:
    document = read(tmp_path / "protected.xlsx", encrypted(book("Nobody is asked."), "VelvetSweatshop"))
    assert document.status is Status.OK
    assert "Nobody is asked." in texts(document)


def test_attachments_are_opened_in_isolation_too(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "The file"
    mail.set_content("The password follows.")
    mail.add_attachment(encrypted(word("Sealed bid: 4 million."), "Zürich 7"), maintype="application", subtype="octet-stream", filename="bid.docx")
    path = tmp_path / "mail.eml"
    path.write_bytes(mail.as_bytes())
    reader = IsolatedReader(Limits(), PASSWORDS)
    try:
        (child,) = reader.read(str(path), path.name, None).children
    finally:
        reader.close()
    assert (child.status, child.flags) == (Status.OK, (Flag.UNLOCKED,))
    assert "Sealed bid: 4 million." in texts(child)


def test_a_damaged_container_is_no_wrong_password(tmp_path: Path) -> None:
    data = bytearray(encrypted(word("x"), "first"))
    data[len(data) // 2 :] = b"\x00" * (len(data) - len(data) // 2)
    assert read(tmp_path / "a.docx", bytes(data), *PASSWORDS).status in (Status.ENCRYPTED, Status.CORRUPT)


def test_a_zip_in_the_wrong_place_is_not_taken_for_an_encrypted_file(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "x")
    assert read(tmp_path / "a.docx", out.getvalue(), *PASSWORDS).status is not Status.ENCRYPTED
