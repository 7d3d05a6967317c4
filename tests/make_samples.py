"""Writes the sample documents: invented people, planted identifiers, one file of each kind that the pipeline reads.

    python tests/make_samples.py

The files are committed; run this only to change them.
"""

from __future__ import annotations

import csv
import struct
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

from docx import Document
from extract_msg import OleWriter
from openpyxl import Workbook
from PIL import Image, ImageDraw
from pptx import Presentation
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

HERE = Path(__file__).parents[1] / "samples"


def logo() -> BytesIO:
    image = Image.new("RGB", (220, 80), "white")
    ImageDraw.Draw(image).text((20, 30), "VAN DER HEIDE TAX", fill="black")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def word() -> None:
    document = Document()
    document.core_properties.author = "Dr. Helena Vossberg"
    document.add_heading("Lease of the Rotterdam office", 1)
    document.add_picture(logo(), width=Inches(1.5))
    document.add_paragraph(
        "The lease of the Rotterdam office was signed in 2021 and ends on 30 September 2027. It can be terminated early with a notice "
        "period of twelve months, for the first time at the end of 2025."
    )
    document.add_heading("Rent", 2)
    document.add_paragraph("The yearly rent is 184,000 euros and is adjusted to inflation every January.")
    document.add_heading("The problem with the deposit", 2)
    document.add_paragraph(
        "The landlord has not returned the deposit of the former premises. The claim was rejected because the hand-over report was never signed."
    )
    document.add_heading("Contact", 2)
    document.add_paragraph("Questions go to Mr. Jonas Akerman, jonas.akerman@heide-tax.example, telephone +31 10 275 4411.")
    table = document.add_table(rows=1, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Tenant", "Identifier", "Account"), strict=True):
        cell.text = text
    for row in (
        ("Van der Heide Tax", "SSN 536-90-4399", "NL91 ABNA 0417 1643 00"),
        ("Vossberg Holding", "SSN 219-09-9993", "DE89 3704 0044 0532 0130 00"),
    ):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.sections[0].header.paragraphs[0].text = "Confidential. File no. RT-2021-0457"
    document.save(str(HERE / "Lease Rotterdam office.docx"))


def sheet() -> None:
    book = Workbook()
    clients = book.active
    assert clients is not None
    clients.title = "Clients"
    for row in (
        ("Client", "Contact", "E-mail", "Phone", "Card", "Fees 2023"),
        ("Bellwether Foods", "Ms. Irma Castellan", "irma.castellan@bellwether.example", "+44 20 7946 0018", "4111 1111 1111 1111", 48200),
        ("Nordlys Shipping", "Mr. Peder Lund", "peder.lund@nordlys.example", "+1 212 555 0147", "5500 0000 0000 0004", 91750.5),
        ("Quarry & Stone", "Dr. Amina Farouk", "a.farouk@quarrystone.example", "(415) 555-2671", "3400 0000 0000 009", 12999),
    ):
        clients.append(row)
    rates = book.create_sheet("VAT rates")
    for row in (("Country", "Rate", "Since"), ("Netherlands", "21 %", 2012), ("Germany", "19 %", 2007), ("Spain", "21 %", 2012)):
        rates.append(row)
    book.save(HERE / "Client register.xlsx")


def slides() -> None:
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = "Audit findings 2023"
    first.placeholders[1].text = "Nordlys Shipping, prepared by Ms. Irma Castellan"
    second = deck.slides.add_slide(deck.slide_layouts[1])
    second.shapes.title.text = "Invoices without approval"
    second.placeholders[
        1
    ].text = "Eleven invoices were paid without the approval of a second person.\nWe recommend that payments above 5,000 euros need two signatures."
    second.notes_slide.notes_text_frame.text = "Call Peder Lund before the meeting: +1 212 555 0147."
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "Effect by year"
    table = third.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(6), Inches(1.5)).table
    for number, row in enumerate((("Year", "Amount"), ("2022", "310,000"), ("2023", "127,500"))):
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    third.shapes.add_picture(logo(), Inches(7), Inches(0.2), width=Inches(2))
    deck.save(str(HERE / "Audit findings.pptx"))


def pdf() -> None:
    styles = getSampleStyleSheet()
    body, heading = styles["BodyText"], styles["Heading1"]
    story = [
        Paragraph("Memorandum on transfer pricing", heading),
        Paragraph(
            "The royalty that the Irish subsidiary pays is 4.5 percent of net sales. The tax authority asked for the comparability study of 2019 "
            "and set a deadline of 15 March 2024 for the reply.",
            body,
        ),
        Spacer(1, 12),
        Table([["Year", "Royalty", "Net sales"], ["2021", "1,350,000", "30,000,000"], ["2022", "1,485,000", "33,000,000"]]),
        PageBreak(),
        Paragraph("How to resolve it", heading),
        Paragraph("To solve the dispute, an advance pricing agreement is proposed, which fixes the method for five years.", body),
        Paragraph("Author: Dr. Helena Vossberg, helena.vossberg@heide-tax.example, +49 30 901820.", body),
    ]
    SimpleDocTemplate(str(HERE / "Transfer pricing memo.pdf"), pagesize=A4, invariant=1, title="Transfer pricing memo").build(story)


def mail() -> None:
    message = EmailMessage()
    message["From"] = "Irma Castellan <irma.castellan@bellwether.example>"
    message["To"] = "Jonas Akerman <jonas.akerman@heide-tax.example>"
    message["Date"] = "Tue, 12 Mar 2024 09:30:00 +0100"
    message["Subject"] = "Late filing penalty"
    message.set_content(
        "Dear Jonas,\n\nthe tax office charged a penalty of 2,150 euros because the return for 2022 was filed nine days late.\n\n"
        "We propose to appeal: the portal was out of order on the last day. My card for the fee is 4111 1111 1111 1111.\n\nIrma\n"
    )
    rows = BytesIO(b"date;event;amount\n2023-04-30;deadline;0\n2023-05-09;return filed;0\n2023-06-20;penalty;2150\n")
    message.add_attachment(rows.getvalue(), maintype="text", subtype="csv", filename="timeline.csv")
    message.set_boundary("sample-boundary")
    (HERE / "letters" / "Late filing penalty.eml").write_bytes(message.as_bytes())


def outlook() -> None:
    texts = {
        0x001A: "IPM.Note",
        0x0037: "Board resolution",
        0x0C1A: "Peder Lund",
        0x0C1F: "peder.lund@nordlys.example",
        0x0E04: "Helena Vossberg",
        0x1000: "The board approved the merger of Nordlys Shipping and Fjord Lines on 4 June 2024.\r\n\r\nPlease confirm by phone, +1 212 555 0147.",
    }
    write_msg(HERE / "letters" / "Board resolution.msg", texts)


def write_msg(path: Path, texts: dict[int, str]) -> None:
    """An Outlook message with these text properties by their tag (MS-OXPROPS)."""
    properties = struct.pack("<8xIIII8x", 0, 0, 0, 0)
    properties += struct.pack("<IIQ", 0x340D0003, 6, 0x00040E79)  # strings are Unicode
    writer = OleWriter()
    for number, text in texts.items():
        data = text.encode("utf-16-le")
        writer.addEntry(f"__substg1.0_{number:04X}001F", data)
        properties += struct.pack("<IIII", number << 16 | 0x001F, 6, len(data) + 2, 0)
    writer.addEntry("__properties_version1.0", properties)
    writer.addEntry("__nameid_version1.0", storage=True)
    for stream in ("00020102", "00030102", "00040102"):
        writer.addEntry(f"__nameid_version1.0/__substg1.0_{stream}", b"")
    writer.write(str(path))


def table() -> None:
    with open(HERE / "Expenses 2023.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(["date", "employee", "email", "purpose", "amount"])
        writer.writerow(["2023-02-14", "Ms. Noor Haddad", "noor.haddad@heide-tax.example", "train to the hearing in The Hague", "46.20"])
        writer.writerow(["2023-05-03", "Mr. Jonas Akerman", "jonas.akerman@heide-tax.example", "translation of the Spanish lease", "310.00"])
        writer.writerow(["2023-11-21", "Dr. Helena Vossberg", "helena.vossberg@heide-tax.example", "expert opinion on transfer pricing", "4200.00"])


if __name__ == "__main__":
    for make in (word, sheet, slides, pdf, mail, outlook, table):
        make()
    (HERE / "letters" / "Damaged scan.pdf").write_bytes(b"%PDF-1.7\n% this file ends before it begins\n")
