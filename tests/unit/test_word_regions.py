"""Each region of Word documents, by name: what stands in it, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tests.packages import by_region, ole, paragraph, read, run, word, xml

from lakedocs.records import Flag, Status

STYLES = xml(
    "w:styles",
    '<w:style w:styleId="Ghost"><w:name w:val="Ghost"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:styleId="Heir"><w:name w:val="Heir"/><w:basedOn w:val="Ghost"/></w:style>'
    '<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:styleId="Clause"><w:name w:val="Clause"/><w:basedOn w:val="H2"/></w:style>'
    '<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>',
)


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def tc(*blocks: str, properties: str = "") -> str:
    inner = "".join(block if block.startswith("<") else paragraph(block) for block in blocks)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def cut(text: str) -> str:
    return f"<w:del><w:r><w:delText>{text}</w:delText></w:r></w:del>"


def box(text: str) -> str:
    return f"<w:txbxContent>{paragraph(text)}</w:txbxContent>"


def field(code: str, result: str, data: str = "") -> str:
    begin = f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r><w:r><w:instrText>{code}</w:instrText></w:r>'
    return begin + f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(result)}<w:r><w:fldChar w:fldCharType="end"/></w:r>'


WPS = "<w:drawing><wp:inline><a:graphic><a:graphicData><wps:wsp><wps:txbx>{}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing>"
VML = "<w:pict><v:shape><v:textbox>{}</v:textbox></v:shape></w:pict>"
ENTRIES = '<w:listEntry w:val="no"/><w:listEntry w:val="yes"/>'
CASES: dict[str, tuple[str, dict[str, list[str]]]] = {
    "a word in two runs is one": (paragraph("Rotter", "dam"), {"body": ["Rotterdam"]}),
    "inserted words are read in their paragraph, and known as inserted": (
        paragraph("The rent is ", f"<w:ins>{run('900')}</w:ins>", " euro ", f"<w:ins>{run('a mo')}</w:ins>", f"<w:ins>{run('nth')}</w:ins>"),
        {"body": ["The rent is 900 euro a month"], "insertion": ["900\na month"]},
    ),
    "deleted words are apart": (
        paragraph("kept ", cut("cut one"), "too", cut("cut two")),
        {"body": ["kept too"], "deletion": ["cut one\ncut two"]},
    ),
    "what was inserted and then deleted is deleted": (
        paragraph("now", f"<w:ins>{cut('gone')}</w:ins>"),
        {"body": ["now"], "deletion": ["gone"]},
    ),
    "moved text is deleted where it was and inserted where it is": (
        paragraph(f"<w:moveFrom>{run('old place')}</w:moveFrom>", "a") + paragraph(f"<w:moveTo>{run('new place')}</w:moveTo>"),
        {"body": ["a", "new place"], "deletion": ["old place"], "insertion": ["new place"]},
    ),
    "a deleted row without deleted runs": (
        table(f"<w:trPr><w:del/></w:trPr>{tc('row')}", f"<w:trPr><w:ins/></w:trPr>{tc('new')}", tc("kept")),
        {"deletion": ["row"], "body": ["new", "kept"], "insertion": ["new"]},
    ),
    "paragraphs in block-level changes": (
        f"<w:ins>{paragraph('in')}</w:ins><w:del>{paragraph('out')}</w:del><w:ins>{run('lo')}{run('ose')}</w:ins>",
        {"body": ["in", "loose"], "insertion": ["in", "loose"], "deletion": ["out"]},
    ),
    "hidden text by run, style, and style that a style is based on": (
        paragraph("seen ", run("unseen", "<w:vanish/>"), run("shown", '<w:vanish w:val="0"/>'), run("styled", '<w:rStyle w:val="Heir"/>'))
        + paragraph("whole", run(" but this", '<w:vanish w:val="false"/>'), properties='<w:pStyle w:val="Ghost"/>'),
        {"body": ["seen shown", "but this"], "hidden": ["unseen\nstyled", "whole"]},
    ),
    "a hidden row": (table(f"<w:trPr><w:hidden/></w:trPr>{tc('secret')}", tc("open")), {"hidden": ["secret"], "body": ["open"]}),
    "nested tables follow their row": (
        table(tc("a", table(tc("x") + tc("y"))) + tc("b"), tc("c")),
        {"body": ["a | b", "c"], "nested_table": ["x | y"]},
    ),
    "merged cells stand once and shift nothing": (
        table(
            tc("Name", properties='<w:gridSpan w:val="2"/>') + tc("Rent"),
            tc("Ada") + tc("Lovelace") + tc("900", properties='<w:vMerge w:val="restart"/>'),
            f'<w:trPr><w:gridBefore w:val="1"/></w:trPr>{tc("Vossberg")}' + tc("", properties="<w:vMerge/>"),
        ),
        {"body": ["Name |  | Rent", "Ada | Lovelace | 900", "| Vossberg |"]},
    ),
    "rows and cells in content controls": (
        f"<w:tbl><w:sdt><w:sdtContent><w:tr><w:sdt><w:sdtContent>{tc('in')}</w:sdtContent></w:sdt>{tc('by')}</w:tr></w:sdtContent></w:sdt></w:tbl>",
        {"body": ["in | by"]},
    ),
    "content controls: text, choices and dates": (
        paragraph(
            '<w:sdt><w:sdtPr><w:alias w:val="State"/><w:dropDownList><w:listItem w:displayText="Open" w:value="1"/><w:listItem w:value="Shut"/>'
            f"</w:dropDownList></w:sdtPr><w:sdtContent>{run('Open')}</w:sdtContent></w:sdt>"
        )
        + f'<w:sdt><w:sdtPr><w:date w:fullDate="2024-03-05T00:00:00Z"/></w:sdtPr><w:sdtContent>{paragraph("5 March")}</w:sdtContent></w:sdt>',
        {"body": ["Open", "5 March"], "content_control": ["State: Open, Shut", "2024-03-05"]},
    ),
    "a text box is read once": (
        paragraph("anchor", f"<w:r><mc:AlternateContent><mc:Choice>{WPS.format(box('once'))}</mc:Choice><mc:Fallback>{VML.format(box('once'))}"
                  "</mc:Fallback></mc:AlternateContent></w:r>"),
        {"body": ["anchor"], "text_box": ["once"]},
    ),
    "a text box that only the fallback has": (
        paragraph(f"<w:r><mc:AlternateContent><mc:Choice><w:drawing/></mc:Choice><mc:Fallback>{VML.format(box('old'))}</mc:Fallback>"
                  "</mc:AlternateContent></w:r>"),
        {"text_box": ["old"]},
    ),
    "an old text box, and one in a cell": (
        paragraph(f"<w:r>{VML.format(box('vml'))}</w:r>") + table(tc("cell", paragraph(f"<w:r>{WPS.format(box('inside'))}</w:r>"))),
        {"text_box": ["vml", "inside"], "body": ["cell"]},
    ),
    "a watermark": (paragraph('<w:r><w:pict><v:shape alt="mark"><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>'),
                    {"text_box": ["DRAFT"], "alt_text": ["mark"]}),
    "alternative text": (
        paragraph('<w:r><w:drawing><wp:inline><wp:docPr id="1" name="n" title="Map" descr="The site"/></wp:inline></w:drawing></w:r>'),
        {"alt_text": ["Map", "The site"]},
    ),
    "fields show results; addresses and conditions are kept apart": (
        paragraph(field(' HYPERLINK "https://x.example/a" \\o "tip" ', "here"), field(" PAGE ", "7"))
        + paragraph('<w:fldSimple w:instr=" MERGEFIELD Client "><w:r><w:t>Vossberg</w:t></w:r></w:fldSimple>')
        + paragraph(field(' HYPERLINK \\l "mark" ', "below")),
        {"body": ["here7", "Vossberg", "below"], "link": ["https://x.example/a"], "field": ["MERGEFIELD Client"]},
    ),
    "old form fields": (
        paragraph(field("FORMDROPDOWN", "", f'<w:ffData><w:ddList><w:result w:val="1"/>{ENTRIES}</w:ddList></w:ffData>'),
                  field("FORMCHECKBOX", "", "<w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>")),
        {"body": ["yes☒"]},
    ),
    "symbols, hyphens, ruby": (
        paragraph("co", "<w:r><w:noBreakHyphen/></w:r>", "op", "<w:r><w:softHyphen/></w:r>", "erate ",
                  '<w:r><w:sym w:font="Symbol" w:char="F061"/><w:sym w:font="Wingdings" w:char="F0FC"/><w:sym w:font="Odd" w:char="zz"/></w:r>',
                  f"<w:r><w:ruby><w:rt>{run('kana')}</w:rt><w:rubyBase>{run('漢字')}</w:rubyBase></w:ruby></w:r>"),
        {"body": ["co-operate α✓漢字(kana)"]},
    ),
    "mathematics": (
        paragraph("x = ", "<m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>"),
        {"body": ["x = (a+b)/2"]},
    ),
    "smart tags and custom XML": (
        f"<w:customXml>{paragraph('<w:smartTag>' + run('Delft') + '</w:smartTag>')}</w:customXml>",
        {"body": ["Delft"]},
    ),
    "headings by style, by a style based on one, by outline": (
        paragraph("One", properties='<w:pStyle w:val="Clause"/>') + paragraph("Two", properties='<w:outlineLvl w:val="0"/>')
        + paragraph("plain", properties='<w:pStyle w:val="Loop"/><w:outlineLvl w:val="9"/>'),
        {"body": ["One", "Two", "plain"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "wanted"), CASES.values(), ids=CASES.keys())
def test_each_region_of_the_body(tmp_path: Path, body: str, wanted: dict[str, list[str]]) -> None:
    document = read(word(tmp_path / "a.docx", body, {"styles.xml": STYLES}, [("styles", "styles.xml")]))
    assert document.status is Status.OK
    assert by_region(document) == wanted
    assert (Flag.HIDDEN_TEXT in document.flags) == ("hidden" in wanted)


def test_levels_of_headings(tmp_path: Path) -> None:
    body = CASES["headings by style, by a style based on one, by outline"][0]
    document = read(word(tmp_path / "a.docx", body, {"styles.xml": STYLES}, [("styles", "styles.xml")]))
    assert [(element.kind, element.level) for element in document.elements] == [("heading", 2), ("heading", 1), ("paragraph", 0)]


def test_what_stands_in_other_parts(tmp_path: Path) -> None:
    def side(root: str, kind: str, attributes: str, text: str) -> str:
        return xml(root, f"<w:{kind} {attributes}>{paragraph(text)}</w:{kind}>")

    chart = (
        "<c:chart><c:title><a:p><a:r><a:t>Rent</a:t></a:r></a:p></c:title><c:ser><c:tx><c:v>Delft</c:v></c:tx>"
        '<c:cat><c:pt idx="0"><c:v>2022</c:v></c:pt><c:pt idx="2"><c:v>2024</c:v></c:pt></c:cat>'
        '<c:val><c:pt idx="2"><c:v>9.5</c:v></c:pt></c:val><c:bubbleSize><c:pt idx="0"><c:v>77</c:v></c:pt></c:bubbleSize></c:ser></c:chart>'
    )
    newer = (
        '<cx:chartData><cx:data><cx:strDim><cx:lvl><cx:pt idx="0">Leiden</cx:pt></cx:lvl></cx:strDim><cx:numDim><cx:lvl><cx:pt idx="0">12</cx:pt>'
        "</cx:lvl></cx:numDim></cx:data></cx:chartData><cx:series><cx:tx><cx:txData><cx:v>Boxes</cx:v></cx:txData></cx:tx></cx:series>"
    )
    block = f"<w:docPartBody>{paragraph('block')}</w:docPartBody>"
    parts = {
        "header1.xml": xml("w:hdr", paragraph("first head") + table(tc("head cell"))),
        "header2.xml": xml("w:hdr", paragraph(f"<w:r>{VML.format(box('head box'))}</w:r>")),
        "footer1.xml": xml("w:ftr", paragraph("foot")),
        "footnotes.xml": side("w:footnotes", "footnote", 'w:id="2"', "note"),
        "endnotes.xml": side("w:endnotes", "endnote", 'w:id="2"', "end"),
        "comments.xml": side("w:comments", "comment", 'w:author="Ada Vossberg"', "really?"),
        "glossary/document.xml": xml("w:glossaryDocument", f"<w:docParts><w:docPart>{block}</w:docPart></w:docParts>"),
        "charts/chart1.xml": xml("c:chartSpace", chart),
        "charts/chartEx1.xml": xml("cx:chartSpace", newer),
        "drawings/shapes.xml": xml("c:userShapes", "<a:p><a:r><a:t>on the chart</a:t></a:r></a:p>"),
        "diagrams/data1.xml": xml("dgm:dataModel", "<dgm:pt><dgm:t><a:p><a:r><a:t>step</a:t></a:r></a:p></dgm:t></dgm:pt>"),
        "diagrams/drawing1.xml": xml("dgm:drawing", "<a:p><a:r><a:t>step</a:t></a:r></a:p>"),
    }  # fmt: skip
    kinds = [
        "header",
        "header",
        "footer",
        "footnotes",
        "endnotes",
        "comments",
        "glossaryDocument",
        "chart",
        "chartEx",
        "",
        "diagramData",
        "diagramDrawing",
    ]
    related = [(kind, name) for kind, name in zip(kinds, parts, strict=True) if kind]
    related += [("hyperlink", "mailto:ada@x.example"), ("hyperlink", "mailto:ada@x.example")]
    path = word(tmp_path / "a.docx", paragraph("body"), parts, related, {"word/charts/chart1.xml": [("chartUserShapes", "../drawings/shapes.xml")]})
    document = read(path)
    assert by_region(document) == {
        "body": ["body"], "header": ["first head", "head cell", "head box"], "footer": ["foot"], "footnote": ["note"], "endnote": ["end"],
        "comment": ["Ada Vossberg", "really?"], "building_block": ["block"], "diagram": ["step"], "link": ["mailto:ada@x.example"],
        "chart": ["Rent", "Delft | 2022 | 2024: 9.5", "77", "on the chart", "Leiden: 12", "Boxes"],
    }  # fmt: skip
    assert [element.text for element in document.elements if element.kind == "author"] == ["Ada Vossberg"]
    assert "Ada" not in repr(document)


def test_a_diagram_without_data_is_read_from_its_drawing(tmp_path: Path) -> None:
    parts = {
        "diagrams/data1.xml": xml("dgm:dataModel", ""),
        "diagrams/drawing1.xml": xml("dgm:drawing", "<a:p><a:r><a:t>drawn</a:t></a:r></a:p>"),
    }
    related = [("diagramData", "diagrams/data1.xml"), ("diagramDrawing", "diagrams/drawing1.xml")]
    assert by_region(read(word(tmp_path / "a.docx", paragraph("b"), parts, related)))["diagram"] == ["drawn"]


def test_the_strict_form_reads_the_same(tmp_path: Path) -> None:
    body = paragraph("One", properties='<w:pStyle w:val="Clause"/>') + paragraph("x", run("secret", "<w:vanish/>"))
    plain = word(tmp_path / "a.docx", body, {"styles.xml": STYLES}, [("styles", "styles.xml")])
    strict = tmp_path / "strict.docx"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(strict, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            text = text.replace("http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main")
            target.writestr(
                name, text.replace("http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/")
            )
    assert read(strict).elements == read(plain).elements


def native(name: str, data: bytes) -> bytes:
    """As Packager writes it."""
    size = len(data).to_bytes(4, "little")
    inner = b"\2\0" + name.encode() + b"\0C:\\x\\" + name.encode() + b"\0\0\0\3\0" + (4).to_bytes(4, "little") + b"tmp\0" + size + data
    return len(inner).to_bytes(4, "little") + inner


@pytest.mark.parametrize(
    ("kind", "target", "content", "wanted"),
    [
        ("package", "embeddings/a.docx", None, [("a.docx", Status.OK)]),
        ("oleObject", "embeddings/o.bin", {"\x01Ole10Native": native("list.csv", b"a;b\n1;2\n")}, [("list.csv", Status.OK)]),
        ("oleObject", "embeddings/o.bin", {"Package": None}, [("o", Status.OK)]),
        ("oleObject", "embeddings/o.bin", {"CONTENTS": b"%PDF-1.4 torn"}, [("o.pdf", Status.CORRUPT)]),
        ("oleObject", "embeddings/o.bin", {"WordDocument": b"x" * 5000}, [("o.bin", Status.CORRUPT)]),
        ("oleObject", "embeddings/o.bin", {"Equation Native": b"x" * 50}, []),
        ("oleObject", "embeddings/o.bin", {"\x01Ole10Native": b"\xff" * 30}, []),
        ("aFChunk", "chunk.docx", None, [("chunk.docx", Status.OK)]),
    ],
)  # fmt: skip
def test_embedded_documents_are_attachments(
    tmp_path: Path, kind: str, target: str, content: dict[str, bytes | None] | None, wanted: list[tuple[str, Status]]
) -> None:
    inner = word(tmp_path / "inner.docx", paragraph("inside")).read_bytes()
    data = inner if content is None else ole({name: value or inner for name, value in content.items()})
    body = paragraph("outside") + ('<w:altChunk r:id="rId1"/>' if kind == "aFChunk" else "")
    document = read(word(tmp_path / "a.docx", body, {target: data}, [(kind, target)]))
    assert [(child.name, child.status) for child in document.children] == wanted
    assert by_region(document) == {"body": ["outside"]}


def test_html_that_word_merges_in_stands_where_it_is_shown(tmp_path: Path) -> None:
    body = paragraph("before") + '<w:altChunk r:id="rId1"/>' + paragraph("after")
    page = "<html><body><p>merged <b>in</b></p><script>no()</script></body></html>"
    document = read(word(tmp_path / "a.docx", body, {"chunk.htm": page}, [("aFChunk", "chunk.htm")]))
    assert by_region(document) == {"body": ["before", "merged in", "after"]}


def test_a_damaged_header_costs_itself_alone(tmp_path: Path) -> None:
    document = read(word(tmp_path / "a.docx", paragraph("body"), {"header1.xml": b""}, [("header", "header1.xml")]))
    assert by_region(document) == {"body": ["body"]}
    assert Flag.TRUNCATED in document.flags
