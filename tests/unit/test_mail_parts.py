"""Mails: one body, every attachment, what is wrapped, sealed or reported, and letters in their code pages."""

from __future__ import annotations

import base64
import datetime as dt
import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from compressed_rtf import compress
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from extract_msg import OleWriter
from tests.packages import ole

from lakedocs.extract.kinds import Format
from lakedocs.extract.limits import Limits
from lakedocs.extract.read import _PARSERS, read_document
from lakedocs.extract.text.compressed import decompressed
from lakedocs.records import Document, Flag, Status

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def read(path: Path, data: bytes | None = None) -> Document:
    if data is not None:
        path.write_bytes(data)
    return read_document(str(path), path.name, Limits(), None)


def texts(document: Document) -> list[str]:
    return [element.text for element in document.elements]


def whole(document: Document) -> str:
    return "\n".join([*texts(document), *(whole(child) for child in document.children)])


def part(kind: str, body: str, *headers: str) -> str:
    return "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", *headers)) + f"\r\n{body}\r\n"


def multipart(kind: str, *parts: str, boundary: str) -> str:
    body = "".join(f"--{boundary}\r\n{each}" for each in parts) + f"--{boundary}--"
    return part(f'multipart/{kind}; boundary="{boundary}"', body)


def mail(content: str, *headers: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in ("From: a@b.example", "Subject: s", "MIME-Version: 1.0", *headers))
    return (head + content).encode("utf-8", "surrogateescape")


PLAIN = part("text/plain; charset=utf-8", "the plain words of this mail")
MARKED = part("text/html; charset=utf-8", "<p>the marked words</p>")
LONG = part("text/html; charset=utf-8", "<p>" + "many words of a letter " * 20 + "</p>")
STUB = part("text/plain", "This is an HTML message.")
PICTURE = part("image/png", base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 40).decode(), "Content-Transfer-Encoding: base64")
PDF = part("application/pdf; name=a.pdf", base64.b64encode(b"%PDF-1.4\n").decode(), "Content-Transfer-Encoding: base64")
DAMAGED_TNEF = base64.b64encode(b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00" + b"\xff" * 9).decode()
INVITATION = part("text/calendar; charset=utf-8", "BEGIN:VCALENDAR\r\nLOCATION:Room 5\r\nEND:VCALENDAR")


@pytest.mark.parametrize(
    ("content", "wanted", "left_out", "children"),
    [
        (multipart("alternative", PLAIN, multipart("related", MARKED, PICTURE, boundary="r"), boundary="a"), ["plain words"], ["marked"], 0),
        (multipart("alternative", STUB, LONG, boundary="a"), ["many words of a letter"], ["HTML message"], 0),
        (multipart("alternative", STUB, MARKED, boundary="a"), ["HTML message"], ["marked words"], 0),
        (multipart("alternative", part("text/plain", "both"), part("text/enriched", "<bold>both</bold>"), boundary="a"), ["both"], ["bold"], 0),
        (multipart("alternative", PLAIN, MARKED, INVITATION, boundary="a"), ["plain words", "Room 5"], ["marked"], 0),
        (multipart("alternative", PLAIN, multipart("mixed", MARKED, PDF, boundary="m"), boundary="a"), ["plain words"], ["marked"], 1),
        (LONG, ["many words of a letter"], [], 0),
        (
            multipart("digest", part("message/rfc822", "Subject: inner\r\n\r\nfirst"), part("message/rfc822", "\r\nsecond"), boundary="d"),
            ["first", "second"],
            [],
            2,
        ),
        (
            multipart(
                "report",
                PLAIN,
                part("message/delivery-status", "Reporting-MTA: dns; mx.example\r\n\r\nAction: failed\r\nStatus: 5.1.1"),
                part("text/rfc822-headers", "Subject: what was sent"),
                boundary="p",
            ),
            ["Action: failed", "5.1.1", "Subject: what was sent"],
            [],
            0,
        ),
        (
            multipart("mixed", PLAIN, part("text/html; name=page.html", "<h1>kept</h1>", "Content-Disposition: attachment"), boundary="m"),
            ["plain words", "kept"],
            [],
            1,
        ),
    ],
    ids=["related in it", "a stub", "a short one", "enriched", "invitation", "mixed in it", "html alone", "digest", "report", "html attached"],
)
def test_bodies_are_read_once_and_whole(tmp_path: Path, content: str, wanted: list[str], left_out: list[str], children: int) -> None:
    document = read(tmp_path / "m.eml", mail(content))
    text = whole(document)
    assert document.status is Status.OK
    assert [words for words in wanted if text.count(words) < 1] == []
    assert [words for words in left_out if words in text] == []
    assert len(document.children) == children


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("X-Failed-Recipients: nobody@b.example", "X-Failed-Recipients: nobody@b.example"),
        ("Organization: Heide Tax", "Organization: Heide Tax"),
        ("Resent-To: c@d.example", "Resent-To: c@d.example"),
        ("Keywords: lease, Rotterdam", "Keywords: lease, Rotterdam"),
        ("Reply-To: Zoë <z@b.example>", "Reply-To: Zoë <z@b.example>"),
        ("To: =?koi8-r?B?6dfBziDwxdTSz9c=?= <i@b.example>", "To: Иван Петров <i@b.example>"),
    ],
)
def test_headers_that_matter_are_kept(tmp_path: Path, header: str, wanted: str) -> None:
    assert wanted in texts(read(tmp_path / "m.eml", mail(PLAIN, header)))


def test_a_header_in_bytes_of_its_own_is_read(tmp_path: Path) -> None:
    data = b"From: a@b.example\r\nTo: b@c.example\r\nSubject: Gr\xfc\xdfe aus K\xf6ln\r\n\r\nhello\r\n"
    assert "Grüße aus Köln" in texts(read(tmp_path / "m.eml", data))


@pytest.mark.parametrize(
    ("name", "first", "parser"),
    [
        ("memo.txt", "", "text/"),
        ("memo.md", "", "text/"),
        ("saved.txt", "Message-ID: <1@b.example>\n", "mail/"),
        ("saved.eml", "", "mail/"),
        ("saved", "", "mail/"),
    ],
)
def test_a_typed_memo_is_no_mail_and_keeps_all_its_lines(tmp_path: Path, name: str, first: str, parser: str) -> None:
    typed = "To: Jane Roe\nFrom: Max Moe\nDate: 3 May 2024\nRe: the lease of Mr Jones\nClient: Heide Tax\n\nAs agreed.\n"
    document = read(tmp_path / name, (first + typed).encode())
    assert document.parser.startswith(parser)
    if parser == "text/":
        assert [line for line in filter(None, typed.split("\n")) if line not in whole(document)] == []


@pytest.mark.parametrize(
    ("beside", "status"),
    [
        (part("application/ms-tnef; name=winmail.dat", DAMAGED_TNEF, "Content-Transfer-Encoding: base64"), Status.CORRUPT),
        (multipart("encrypted", part("application/pgp-encrypted", "Version: 1"), PDF, boundary="e"), Status.ENCRYPTED),
    ],
    ids=["damaged winmail.dat", "an encrypted part"],
)
def test_what_cannot_be_read_beside_a_body_does_not_take_it_along(tmp_path: Path, beside: str, status: Status) -> None:
    document = read(tmp_path / "m.eml", mail(multipart("mixed", PLAIN, beside, boundary="m")))
    assert document.status is Status.OK
    assert "the plain words of this mail" in texts(document)
    assert [child.status for child in document.children] == [status]


def test_a_parser_that_fails_on_an_attachment_does_not_lose_the_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str, reading: object) -> None:
        raise KeyError("a secret of the file")

    monkeypatch.setitem(_PARSERS, Format.PDF, ("pdf", fail))
    document = read(tmp_path / "m.eml", mail(multipart("mixed", PLAIN, PDF, boundary="m")))
    (child,) = document.children
    assert (document.status, texts(document)[-1]) == (Status.OK, "the plain words of this mail")
    assert (child.status, child.reason) == (Status.CORRUPT, "The parser failed on it (KeyError).")


@pytest.mark.parametrize("kind", ["mixed", "alternative", "related; boundary=b"])
def test_a_body_without_the_parts_that_its_header_promises_is_text(tmp_path: Path, kind: str) -> None:
    document = read(tmp_path / "m.eml", mail(part(f"multipart/{kind}", "the only words of this mail")))
    assert (texts(document)[-1], document.children) == ("the only words of this mail", ())


def test_a_header_of_nothing_but_brackets_costs_nobody_the_mail(tmp_path: Path) -> None:
    document = read(tmp_path / "m.eml", mail(PLAIN, "To: " + "(" * 20_000))
    assert (document.status, texts(document)[-1]) == (Status.OK, "the plain words of this mail")


def test_mojibake_in_a_body_is_mended_and_said(tmp_path: Path) -> None:
    broken = mail(part("text/plain; charset=utf-8", "Grüße aus Köln".encode().decode("cp1252")))
    document = read(tmp_path / "m.eml", broken)
    assert texts(document)[-1] == "Grüße aus Köln"
    assert Flag.MENDED_ENCODING in document.flags


def test_a_mailbox_is_its_mails(tmp_path: Path) -> None:
    one = b"From a@b.example Mon Jan  1 10:00:00 2024\nFrom: a@b.example\nSubject: one\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nfirst\n\n"
    two = b"From b@b.example Tue Jan  2 10:00:00 2024\nFrom: b@b.example\nSubject: two\n\nFrom now on, second\n"
    document = read(tmp_path / "all.mbox", one + two)
    assert document.status is Status.OK
    assert [texts(child)[-1] for child in document.children] == ["first", "From now on, second"]
    alone = read(tmp_path / "one.eml", one)
    assert (texts(alone)[-1], alone.children, alone.flags) == ("first", (), ())


@pytest.fixture(scope="module")
def keys() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "t")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    return key, builder.not_valid_before(start).not_valid_after(start + dt.timedelta(9999)).sign(key, hashes.SHA256())


INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe signed words stand here.\r\n"


def sealed(data: bytes) -> str:
    kind = "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"
    return part(kind, base64.encodebytes(data).decode(), "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=smime.p7m")


def test_signed_mails_are_read_and_encrypted_ones_say_so(tmp_path: Path, keys: tuple[rsa.RSAPrivateKey, x509.Certificate]) -> None:
    key, certificate = keys
    signer = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(certificate, key, hashes.SHA256())
    opaque = signer.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    clear = signer.sign(serialization.Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature])
    secret = pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(certificate).encrypt(serialization.Encoding.DER, [])
    for data in (mail(sealed(opaque)), b"From: a@b.example\r\nSubject: s\r\n" + clear):
        document = read(tmp_path / "m.eml", data)
        assert (texts(document)[-1], document.children) == ("The signed words stand here.", ())
    assert read(tmp_path / "m.eml", mail(sealed(secret))).status is Status.ENCRYPTED
    beside = read(tmp_path / "m.eml", mail(multipart("mixed", PLAIN, sealed(secret), boundary="m")))
    assert (beside.status, [child.status for child in beside.children]) == (Status.OK, [Status.ENCRYPTED])
    assert "The signed words stand here." in whole(read(tmp_path / "x.p7m", opaque))
    assert read(tmp_path / "x.p7m", opaque[:200]).status is Status.CORRUPT
    pgp = multipart("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "-----BEGIN PGP"), boundary="p")
    assert read(tmp_path / "m.eml", mail(pgp)).status is Status.ENCRYPTED


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """A winmail.dat of these attributes: level, tag with type, bytes (MS-OXTNEF)."""
    body = b"".join(struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF) for level, tag, data in attributes)
    return struct.pack("<IH", 0x223E9F78, 1) + body


WINMAIL = tnef(
    (1, 0x00089006, struct.pack("<I", 0x10000)),
    (1, 0x00069007, struct.pack("<II", 1252, 0)),
    (1, 0x0002800C, "The body that Outlook wrapped for Zoë.\x00".encode("cp1252")),
    (2, 0x00069002, b"\x00" * 14),
    (2, 0x00018010, b"rows.csv\x00"),
    (2, 0x0006800F, b"name;town\nAnn;Oslo\n"),
)


def test_what_outlook_wrapped_is_unwrapped(tmp_path: Path) -> None:
    wrapped = part("application/ms-tnef; name=winmail.dat", base64.b64encode(WINMAIL).decode(), "Content-Transfer-Encoding: base64")
    alone = read(tmp_path / "m.eml", mail(multipart("mixed", wrapped, boundary="m")))
    assert texts(alone)[-1] == "The body that Outlook wrapped for Zoë."
    beside = read(tmp_path / "m.eml", mail(multipart("mixed", PLAIN, wrapped, boundary="m")))
    assert texts(beside)[-1] == "the plain words of this mail"
    as_file = read(tmp_path / "winmail.dat", WINMAIL)
    for document in (alone, beside, as_file):
        assert [(child.name, texts(child)[-1]) for child in document.children] == [("rows.csv", "Ann | Oslo")]
    assert read(tmp_path / "w.dat", WINMAIL[:40]).status in (Status.CORRUPT, Status.EMPTY)


def outlook(path: Path, texts: dict[int, bytes], *numbers: tuple[int, int], width: str = "001E") -> Path:
    """An Outlook item with these texts in 8 bits, and these numbers, by their tags."""
    properties = struct.pack("<8xIIII8x", 0, 0, 0, 0)
    properties += b"".join(struct.pack("<IIQ", tag << 16 | 3, 6, number) for tag, number in numbers)
    writer = OleWriter()
    for tag, data in texts.items():
        kind = width if tag != 0x1013 else "0102"
        writer.addEntry(f"__substg1.0_{tag:04X}{kind}", data)
        properties += struct.pack("<IIII", tag << 16 | int(kind, 16), 6, len(data) + 1, 0)
    writer.addEntry("__properties_version1.0", properties)
    writer.addEntry("__nameid_version1.0", storage=True)
    for stream in ("00020102", "00030102", "00040102"):
        writer.addEntry(f"__nameid_version1.0/__substg1.0_{stream}", b"")
    writer.write(str(path))
    return path


_MESSAGE_PAGE, _INTERNET_PAGE = 0x3FFD, 0x3FDE


@pytest.mark.parametrize(
    ("text", "encoding", "numbers"),
    [
        ("Договор аренды офиса", "cp1251", [(_MESSAGE_PAGE, 1251)]),
        ("Договор аренды офиса", "cp1251", [(_INTERNET_PAGE, 20866)]),
        ("Договор аренды офиса в Москве", "cp1251", []),
        ("賃貸借契約は九月に終了します", "cp932", [(_INTERNET_PAGE, 50220)]),
        ("賃貸借契約は九月に終了します", "cp932", [(_MESSAGE_PAGE, 20127), (_INTERNET_PAGE, 65001)]),
        ("Zażółć gęślą jaźń", "cp1250", [(_INTERNET_PAGE, 28592)]),
        ("Grüße aus Köln", "cp1252", []),
        ("Grüße aus Köln", "utf-8", [(_INTERNET_PAGE, 65001)]),
    ],
)
def test_outlook_s_letters_of_eight_bits(tmp_path: Path, text: str, encoding: str, numbers: list[tuple[int, int]]) -> None:
    data = text.encode(encoding)
    path = outlook(tmp_path / "m.msg", {0x001A: b"IPM.Note", 0x0037: data, 0x1000: data + b"\x00"}, *numbers)
    assert texts(read(path)) == [text, text]


def test_outlook_s_html_in_the_letters_that_it_declares(tmp_path: Path) -> None:
    markup = '<html><head><meta charset="koi8-r"></head><body><p>Договор</p></body></html>'.encode("koi8-r")
    path = outlook(tmp_path / "m.msg", {0x001A: b"IPM.Note", 0x0037: b"s", 0x1013: markup}, (_INTERNET_PAGE, 1252))
    assert texts(read(path))[-1] == "Договор"


def streams_of_people(number: int, kind: int, name: str, address: str) -> dict[str, bytes]:
    folder = f"__recip_version1.0_#{number:08X}"
    return {
        f"{folder}/__properties_version1.0": bytes(8) + struct.pack("<IIQ", 0x0C150003, 6, kind),
        f"{folder}/__substg1.0_3001001F": name.encode("utf-16-le"),
        f"{folder}/__substg1.0_39FE001F": address.encode("utf-16-le"),
    }


def item(path: Path, texts: dict[str, str], streams: dict[str, bytes], *properties: tuple[int, int]) -> Path:
    """An Outlook item with these texts by their tags, these streams, and these properties of eight bytes."""
    texts_of_item = {f"__substg1.0_{tag}001F": text.encode("utf-16-le") for tag, text in texts.items()}
    values = b"".join(struct.pack("<IIQ", tag, 6, value) for tag, value in properties)
    path.write_bytes(ole({"__properties_version1.0": bytes(32) + values, **texts_of_item, **streams}))
    return path


_SENT, _FLAGS = 0x00390040, 0x0E070003
_TICKS = 133_000_000_000_000_000


def test_the_people_of_an_item_without_headers(tmp_path: Path) -> None:
    streams = {
        **streams_of_people(0, 1, "Ann Lee", "ann@b.example"),
        **streams_of_people(1, 2, "", "c@d.example"),
        **streams_of_people(2, 1, "Board", ""),
    }
    path = item(tmp_path / "m.msg", {"001A": "IPM.Note", "0C1A": "Zoë", "5D01": "z@b.example", "0037": "s", "0E02": "Bob"}, streams, (_SENT, _TICKS))
    shown = ["From: Zoë <z@b.example>", "To: Ann Lee <ann@b.example>; Board", "Cc: c@d.example", "Bcc: Bob", "Date: 2022-06-18 04:26+00:00", "s"]
    assert texts(read(path)) == shown


@pytest.mark.parametrize(
    "properties", [[(_SENT, _TICKS), (_FLAGS, 8)], [(_SENT, 0)], [(_SENT, 915_151_392_000_000_000)]], ids=["unsent", "zero", "4500"]
)
def test_what_was_never_sent_has_no_date(tmp_path: Path, properties: list[tuple[int, int]]) -> None:
    path = item(tmp_path / "m.msg", {"001A": "IPM.Note", "0037": "s"}, {}, *properties)
    assert texts(read(path)) == ["s"]


def test_an_item_s_own_headers_come_first_as_they_are_written(tmp_path: Path) -> None:
    headers = (
        "Microsoft Mail Internet Headers Version 2.0\r\nFrom: =?utf-8?q?Zo=C3=AB?= <z@b.example>\r\n"
        'To: "Lee, Ann" <ann@b.example>,\r\n\tc@d.example\r\n'
    )
    streams = streams_of_people(0, 1, "Somebody", "else@b.example")
    path = item(tmp_path / "m.msg", {"001A": "IPM.Note", "007D": headers, "0037": "s"}, streams)
    assert texts(read(path)) == ["From: Zoë <z@b.example>", 'To: "Lee, Ann" <ann@b.example>, c@d.example', "s"]


def test_categories_are_found_by_their_name(tmp_path: Path) -> None:
    names = struct.pack("<I", 16) + "Keywords".encode("utf-16-le")
    streams = {
        "__nameid_version1.0/__substg1.0_00030102": struct.pack("<IHH", 0, 2 << 1 | 1, 3),
        "__nameid_version1.0/__substg1.0_00040102": names,
        "__substg1.0_8003101F": bytes(8),
        "__substg1.0_8003101F-00000000": "Red\0".encode("utf-16-le"),
        "__substg1.0_8003101F-00000001": "Client Lee".encode("utf-16-le"),
    }
    assert texts(read(item(tmp_path / "m.msg", {"001A": "IPM.Note", "0037": "s"}, streams))) == ["s", "Keywords: Red; Client Lee"]


def test_an_item_within_an_item_is_read_with_its_own(tmp_path: Path) -> None:
    storage, inner = "__attach_version1.0_#00000000", "__attach_version1.0_#00000000/__substg1.0_3701000D"
    deeper = f"{inner}/__attach_version1.0_#00000000"
    streams = {
        f"{storage}/__properties_version1.0": bytes(8) + struct.pack("<IIQ", 0x37050003, 6, 5),
        f"{storage}/__substg1.0_3001001F": "Forwarded".encode("utf-16-le"),
        f"{inner}/__properties_version1.0": bytes(24) + struct.pack("<IIQ", _SENT, 6, _TICKS),
        f"{inner}/__substg1.0_001A001F": "IPM.Note".encode("utf-16-le"),
        f"{inner}/__substg1.0_1000001F": "The inner body.".encode("utf-16-le"),
        f"{deeper}/__properties_version1.0": bytes(8),
        f"{deeper}/__substg1.0_3707001F": "rows.csv".encode("utf-16-le"),
        f"{deeper}/__substg1.0_37010102": b"name;town\nAnn;Oslo\n",
    }
    document = read(item(tmp_path / "m.msg", {"001A": "IPM.Note", "0037": "s"}, streams))
    (child,) = document.children
    assert (child.name, texts(child)) == ("Forwarded.msg", ["Date: 2022-06-18 04:26+00:00", "The inner body."])
    assert [(each.name, texts(each)[-1]) for each in child.children] == [("rows.csv", "Ann | Oslo")]


def test_an_attachment_that_is_elsewhere_is_said_to_be_missing(tmp_path: Path) -> None:
    streams = {"__attach_version1.0_#00000000/__properties_version1.0": bytes(8) + struct.pack("<IIQ", 0x37050003, 6, 7)}
    assert read(item(tmp_path / "m.msg", {"001A": "IPM.Note", "0037": "s"}, streams)).flags == (Flag.ATTACHMENTS_LEFT_OUT,)


RTF = b"{\\rtf1\\ansi\\ansicpg1252\\pard " + b"The tenant pays the rent. " * 40 + b"Caf\\'e9\\par}"


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (compress(RTF), RTF),
        (compress(RTF, compressed=False), RTF),
        (compress(b"x" * 5000), b"x" * 5000),
        (compress(RTF)[:12] + b"\0\0\0\0" + compress(RTF)[16:], RTF),
        (b"", b""),
        (b"neither of the two forms", b""),
    ],
    ids=["compressed", "as it is", "repeats", "a wrong checksum", "nothing", "another form"],
)
def test_compressed_rtf(data: bytes, wanted: bytes) -> None:
    assert decompressed(data) == wanted


def test_compressed_rtf_that_breaks_off_gives_what_there_is(tmp_path: Path) -> None:
    compressed = compress(RTF)
    for end in range(len(compressed)):
        assert RTF.startswith(decompressed(compressed[:end]))
    path = item(tmp_path / "m.msg", {"001A": "IPM.Note", "0037": "s"}, {"__substg1.0_10090102": compressed})
    assert texts(read(path))[-1].endswith("The tenant pays the rent. Café")


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("msg/msgreader__A_schedule.msg", ["Location: A place", "Start: 2021-10-13 09:30+00:00", "End: 2021-10-13 10:00+00:00", "A message body."]),
        ("msg/poi__msgClassTask.msg", ["Status: In Progress", "Owner: Allison, Timothy B."]),
        ("msg/msgreader__nonUnicodeCP932.msg", ["日本語 Non Unicode タイトル"]),
        ("msg/poi__ASCII_CP1251_LCID1049.msg", ["Body автоматически Body"]),
        ("msg/MimeKit__gmail.msg", ["From: "]),
        ("eml/MimeKit__delivery-status.anonymized.eml", ["Action: xxxxxx"]),
    ],
)
def test_the_corpus_mails(name: str, wanted: list[str]) -> None:
    document = read(CORPUS / name)
    assert document.status is Status.OK
    assert [words for words in wanted if words not in whole(document)] == []


def test_a_mail_made_by_the_library_comes_back(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Zoë <z@b.example>", "c@d.example", "Größe"
    message.set_content("Straße 5")
    message.add_alternative("<p>Straße 5</p>", subtype="html")
    message.add_attachment("name;town\nAnn;Ålesund\n".encode(), maintype="text", subtype="csv", filename="größe.csv")
    document = read(tmp_path / "m.eml", bytes(message))
    assert texts(document) == ["From: Zoë <z@b.example>", "To: c@d.example", "Größe", "Straße 5"]
    assert [(child.name, texts(child)[-1]) for child in document.children] == [("größe.csv", "Ann | Ålesund")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("not base64 at all!!", "not base64 at all!!"),
        (base64.b64encode(b"Dear Ann, the rent is due.").decode(), "Dear Ann, the rent is due."),
        ("  " + base64.b64encode(b"Dear Ann, the rent of the office in the harbour is due in May.").decode() + " \r\n", "Dear Ann, the rent of the"),
    ],
    ids=["plain words", "base64", "base64 with blanks"],
)
def test_a_body_that_is_called_base64(tmp_path: Path, body: str, text: str) -> None:
    data = f"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"
    document = read(tmp_path / "m.eml", data.encode())
    assert any(element.text.startswith(text) for element in document.elements if element.kind == "paragraph")
