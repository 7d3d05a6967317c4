"""Files to documents: every sample whole, every odd file a status."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from docx import Document as Word
from openpyxl import Workbook

from lakedocs.extract.extensions import kind_of
from lakedocs.extract.isolation import IsolatedReader
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document, Flag, Kind, Status

LIMITS = Limits()


def read(path: Path, **limits: object) -> Document:
    return read_document(str(path), path.name, Limits.model_validate(limits), None)


def texts(document: Document) -> str:
    return "\n".join(element.text for element in document.elements)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.DOCX", Kind.WORD),
        ("b.xlsb", Kind.XLSX),
        ("c.ppsx", Kind.PPTX),
        ("d.pdf", Kind.PDF),
        ("e.msg", Kind.MSG_CSV),
        ("f", Kind.MSG_CSV),
        ("g.exe", Kind.MSG_CSV),
    ],
)
def test_the_extension_chooses_the_task(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Lease Rotterdam office.docx", ["ends on 30 September 2027", "SSN 536-90-4399", "File no. RT-2021-0457", "Dr. Helena Vossberg"]),
        ("Client register.xlsx", ["Clients", "48200", "91750.5", "VAT rates", "Netherlands | 21 % | 2012"]),
        ("Audit findings.pptx", ["Invoices without approval", "two signatures", "Call Peder Lund", "2023 | 127,500"]),
        ("Transfer pricing memo.pdf", ["comparability study", "advance pricing agreement"]),
        ("letters/Late filing penalty.eml", ["Late filing penalty", "nine days late", "From: Irma Castellan"]),
        ("letters/Board resolution.msg", ["approved the merger", "From: Peder Lund", "Board resolution"]),
        ("Expenses 2023.csv", ["train to the hearing in The Hague", "2023-05-03"]),
    ],
)
def test_samples_are_read_whole(samples: Path, name: str, wanted: list[str]) -> None:
    document = read(samples / name)
    assert document.status is Status.OK
    for text in wanted:
        assert text in texts(document)


def test_attachments_are_documents_of_their_own(samples: Path) -> None:
    mail = read(samples / "letters" / "Late filing penalty.eml")
    assert [child.name for child in mail.children] == ["timeline.csv"]
    assert "2023-06-20" in texts(mail.children[0])


def word_file(path: Path, text: str = "some text") -> Path:
    document = Word()
    if text:
        document.add_paragraph(text)
    document.save(str(path))
    return path


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b" " * 40_000_000)
    return path


def broken(path: Path) -> Path:
    path.write_bytes(word_file(path).read_bytes()[:-2000])
    return path


def ole(path: Path, stream: str) -> Path:
    from extract_msg import OleWriter

    writer = OleWriter()
    writer.addEntry(stream, b"x" * 5000)
    writer.write(str(path))
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_every_odd_file_ends_with_its_status(tmp_path: Path) -> None:
    cases = {
        Status.TOO_LARGE: bomb(tmp_path / "bomb.docx"),
        Status.CORRUPT: broken(tmp_path / "cut.docx"),
        Status.ENCRYPTED: ole(tmp_path / "secret.docx", "EncryptedPackage"),
        Status.EMPTY: written(tmp_path / "nothing.pdf", b""),
        Status.UNSUPPORTED: written(tmp_path / "program.exe", b"MZ\x90\x00"),
    }
    assert {expected: read(path).status for expected, path in cases.items()} == {expected: expected for expected in cases}
    assert all(read(path).reason for path in cases.values())
    assert read(written(tmp_path / "a.xyz", b"\x00\x01\x02")).status is Status.UNSUPPORTED
    assert read(word_file(tmp_path / "blank.docx", "")).status is Status.EMPTY


def test_a_disguised_file_is_read_as_what_it_is(tmp_path: Path) -> None:
    document = read(word_file(tmp_path / "really_word.pdf", "hidden truth"))
    assert document.status is Status.OK
    assert Flag.DISGUISED in document.flags
    assert "hidden truth" in texts(document)


def test_more_text_than_allowed_is_cut_and_flagged(tmp_path: Path) -> None:
    book = Workbook()
    for number in range(50):
        book.active.append([f"row {number}"])
    book.save(tmp_path / "long.xlsx")
    document = read(tmp_path / "long.xlsx", elements=10)
    assert len(document.elements) == 10
    assert Flag.TRUNCATED in document.flags


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"a;b\n1;2\n", "1 | 2"),
        ("naam;stad\nZo\xeb;K\xf6ln\n".encode("cp1252"), "Zoë | Köln"),
        ("a\tb\nü\tß\n".encode("utf-16"), "ü | ß"),
        (b'a,b\n"x, y",z\n', "x, y | z"),
    ],
    ids=["semicolons", "windows letters", "utf-16 tabs", "quotes"],
)
def test_text_tables(tmp_path: Path, data: bytes, wanted: str) -> None:
    assert wanted in texts(read(written(tmp_path / "t.csv", data)))


def test_images_are_kept_by_hash(samples: Path, tmp_path: Path) -> None:
    path = samples / "Lease Rotterdam office.docx"
    document = read_document(str(path), path.name, LIMITS, tmp_path)
    (image,) = document.images
    assert (tmp_path / image.sha256[:2] / f"{image.sha256}.png").stat().st_size == image.size_bytes
    assert (image.width_px, image.height_px) == (220, 80)


def test_in_isolation_the_outcome_is_the_same(samples: Path, tmp_path: Path) -> None:
    reader = IsolatedReader(LIMITS)
    isolated, here = (tmp_path / name / "images" / "word" for name in ("isolated", "here"))  # not even the folder above is there yet
    for path in sorted(samples.rglob("*.*")):
        assert reader.read(str(path), path.name, isolated) == read_document(str(path), path.name, LIMITS, here)
    reader.close()
    stored = sorted(path.relative_to(here) for path in here.rglob("*.*"))
    assert stored == sorted(path.relative_to(isolated) for path in isolated.rglob("*.*"))
    assert stored


def test_a_parser_that_hangs_is_killed_and_the_next_file_is_read(samples: Path, tmp_path: Path) -> None:
    book = Workbook()
    for number in range(3000):
        book.active.append([number] * 40)
    book.save(tmp_path / "slow.xlsx")
    reader = IsolatedReader(Limits(seconds=0.05))
    assert reader.read(str(tmp_path / "slow.xlsx"), "slow.xlsx", None).status is Status.TIMED_OUT
    patient = IsolatedReader(LIMITS)
    assert patient.read(str(samples / "Expenses 2023.csv"), "Expenses 2023.csv", None).status is Status.OK
    patient.close()


def test_what_reading_took_is_told_file_by_file(samples: Path, tmp_path: Path) -> None:
    book = Workbook()
    for number in range(20_000):
        book.active.append([f"cell {number} {column}" for column in range(10)])
    book.save(tmp_path / "large.xlsx")
    reader = IsolatedReader(LIMITS)
    small, large, again = (
        reader.read(str(path), path.name, None) for path in (samples / "Expenses 2023.csv", tmp_path / "large.xlsx", samples / "Expenses 2023.csv")
    )
    reader.close()
    assert large.seconds > again.seconds > 0, "the first one waited for the process"
    assert large.peak_mb > small.peak_mb > 10
    assert large.peak_mb >= again.peak_mb > 10, "the next file's peak is its own, on top of what the process keeps"


def test_a_child_that_left_for_idleness_is_replaced(samples: Path) -> None:
    reader = IsolatedReader(LIMITS)
    path = samples / "Expenses 2023.csv"
    reader.read(str(path), path.name, None)
    assert reader._child is not None
    assert reader._child.stdin is not None
    reader._child.stdin.close()
    reader._child.wait(10)
    assert reader.read(str(path), path.name, None).status is Status.OK
    reader.close()


def test_reprs_show_no_text(samples: Path) -> None:
    document = read(samples / "Expenses 2023.csv")
    assert "Haddad" not in repr(document)
    assert "Expenses" not in repr(document)


def test_entities_in_xml_are_not_expanded(tmp_path: Path) -> None:
    head = '<!DOCTYPE d [<!ENTITY a "boom"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    body = head + '<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>&a;&x;</w:t></w:r></w:p></w:body></w:document>'
    buffer = io.BytesIO(word_file(tmp_path / "base.docx").read_bytes())
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(tmp_path / "xxe.docx", "w") as target:
        for name in source.namelist():
            target.writestr(name, body if name == "word/document.xml" else source.read(name))
    document = read(tmp_path / "xxe.docx")
    assert "boom" not in texts(document)
    assert Path("/etc/hostname").read_text().strip() not in texts(document)


def test_a_damaged_picture_costs_itself_alone(samples: Path, tmp_path: Path) -> None:
    data = bytearray((samples / "Lease Rotterdam office.docx").read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = next(info for info in archive.infolist() if info.filename.startswith("word/media/"))
    data[info.header_offset + 120] ^= 0xFF
    document = read(written(tmp_path / "damaged.docx", bytes(data)))
    assert document.status is Status.OK
    assert Flag.TRUNCATED in document.flags
    assert "ends on 30 September 2027" in texts(document)


def test_a_pdf_without_text_keeps_its_attachments(tmp_path: Path) -> None:
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument.new()
    document.new_page(200, 200)
    document.new_attachment("rows.csv").set_data(b"a;b\n1;2\n")
    document.save(str(tmp_path / "cover.pdf"))
    found = read(tmp_path / "cover.pdf")
    assert [child.name for child in found.children] == ["rows.csv"]
    assert "1 | 2" in texts(found.children[0])


def test_mail_parts_without_a_name_and_long_lists_of_people_are_kept(tmp_path: Path) -> None:
    people = "; ".join(f"Person Number{number}" for number in range(200))
    mail = (
        f"From: a@b.example\nTo: {people}\nSubject: fax\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nhello\n--x\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--x--\n"
    )
    document = read(written(tmp_path / "fax.eml", mail.encode()))
    assert [child.name for child in document.children] == ["attachment.pdf"]
    headers = [element.text for element in document.elements if "Person Number" in element.text]
    assert all(text.startswith("To: ") and len(text) < 1200 for text in headers)
    assert "Person Number199" in headers[-1]


def mail_of(tmp_path: Path, *parts: tuple[str, str], kind: str) -> str:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message["Subject"] = "s"
    message["Content-Type"] = f'multipart/{kind}; boundary="x"'
    body = "".join(f'--x\r\nContent-Type: {content_type}; charset="utf-8"\r\n\r\n{text}\r\n' for content_type, text in parts)
    path = tmp_path / "m.eml"
    path.write_bytes(message.as_bytes().split(b"\n\n")[0].replace(b"\n", b"\r\n") + b"\r\n\r\n" + f"{body}--x--\r\n".encode())
    return " ".join(element.text for element in read_document(str(path), path.name, LIMITS, None).elements)


@pytest.mark.parametrize(
    ("kind", "parts", "read", "left_out"),
    [
        ("alternative", [("text/plain", "plain words"), ("text/html", "<p>marked words</p>")], ["plain words"], ["marked words"]),
        ("alternative", [("text/plain", "  "), ("text/html", "<p>marked words</p>")], ["marked words"], []),
        ("mixed", [("text/html", "<p>marked words</p>"), ("text/plain", "a list's footer")], ["marked words", "a list's footer"], []),
        ("mixed", [("text/html", "<p>marked words</p>"), ("text/calendar", "BEGIN:VCALENDAR")], ["marked words"], []),
    ],
    ids=["the same twice", "an empty alternative", "html and a footer", "html and an invitation"],
)
def test_a_mail_s_body_is_read_once_and_whole(tmp_path: Path, kind: str, parts: list[tuple[str, str]], read: list[str], left_out: list[str]) -> None:
    text = mail_of(tmp_path, *parts, kind=kind)
    assert all(words in text for words in read)
    assert not [words for words in left_out if words in text]


def test_a_file_that_the_storage_does_not_give_is_not_final(samples: Path, tmp_path: Path) -> None:
    reader = IsolatedReader(LIMITS)
    try:
        away = reader.read(str(tmp_path / "away.docx"), "away.docx", None)
        read = reader.read(str(samples / "Expenses 2023.csv"), "Expenses 2023.csv", None)
    finally:
        reader.close()
    assert (away.status, away.is_final) == ("corrupt", False)
    assert "tried again" in away.reason
    assert "away" not in away.reason
    assert (read.status, read.is_final) == ("ok", True)
