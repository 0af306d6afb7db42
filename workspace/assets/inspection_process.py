"""Finds out in a confined process what an uploaded file is, and whether it is harmless.

It reads the file from standard input, and writes its kind or, after a minus, its problem. It is
started by its path and imports nothing of Dealkin.
"""

import io
import re
import stat
import struct
import sys
import zipfile
from typing import IO, Any
from xml.parsers import expat

# What a package may have unpacked, its members, and how deep packages are in one another.
MOST_UNPACKED = 300_000_000
_MOST_MEMBERS = 5_000
_DEEPEST = 2
_MOST_PIXELS = 100_000_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_PNG = b"\x89PNG\r\n\x1a\n"
_ARCHIVES = (b"PK", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"MSCF", b"ustar")
# The content type of a package's main part, and the kind of file that has it.
_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": "docx",
    b"presentationml.presentation.main+xml": "pptx",
    b"presentationml.slideshow.main+xml": "pptx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
}
_MACROS = re.compile(r"vbaproject|vbadata|activex|macrosheets|\.(doc|ppt|xls|dot|pot|xlt)m$")
_PROGRAMS = re.compile(
    r"\.(exe|dll|com|scr|msi|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|lnk|jar|sh|html?|xhtml|swf)$"
)
# What may stand before markup: marks of the encoding, and white space.
_BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_MARKUP = re.compile(r"\.(xml|rels|vml|svg)$")
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding=["']([\w.:-]+)["']""")
_ENCODINGS = {b"utf-8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"}
_SCRIPT = re.compile(rb"<\s*(\w+:)?script|\son\w+\s*=|javascript:|foreignobject", re.IGNORECASE)
# Kinds of parts that are loaded from elsewhere when a document is opened.
_LOADED = {"attachedTemplate", "oleObject", "frame", "subDocument"}
# In names of a PDF, any letter can be written as its number.
_NUMBERED = re.compile(rb"#([0-9a-fA-F]{2})")
_ACTIONS = re.compile(rb"/(JavaScript|Launch|RichMedia)\b")
# The brands of MP4.
_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash")


class Problem(Exception):
    """Why a file is refused."""


def main() -> None:
    """Write what standard input is."""
    try:
        told = kind_of(sys.stdin.buffer)
    except Problem as problem:
        told = f"-{problem}"
    except (zipfile.BadZipFile, struct.error, ValueError, EOFError, OSError, KeyError):
        told = "-damaged"
    except (MemoryError, RecursionError):
        told = "-large"
    sys.stdout.write(told)


def kind_of(source: IO[bytes]) -> str:
    """The kind of a file; `Problem` if it is refused."""
    head = source.read(1024)
    if head.startswith(_ZIP):
        return _package(source, [MOST_UNPACKED], 1)
    kind = _plain_kind(source, head)
    # A reader of archives looks at the end of a file, whatever its beginning is.
    if zipfile.is_zipfile(source):
        raise Problem("two")
    return kind


def _plain_kind(source: IO[bytes], head: bytes) -> str:
    source.seek(0)
    if head.startswith(b"%PDF-"):
        _check_pdf(source.read())
        return "pdf"
    if head.startswith(_PNG):
        _check_png(source.read())
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        _check_jpeg(source.read())
        return "jpg"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return "mp4"
    if head.startswith(_OLE):
        protected = "EncryptedPackage".encode("utf-16-le") in source.read()
        raise Problem("protected" if protected else "old")
    if head.replace(b"\0", b"").lstrip(_BLANK).startswith(b"<"):
        raise Problem("markup")
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        raise Problem("archive")
    raise Problem("unknown")


def _package(source: IO[bytes], left: list[int], depth: int) -> str:
    """The kind of a package of Office, none of whose members is harmful.

    `left` has the bytes that may still be unpacked, of all packages in one another.
    """
    with zipfile.ZipFile(source) as package:
        members = package.infolist()
        if len(members) > _MOST_MEMBERS or sum(each.file_size for each in members) > left[0]:
            raise Problem("large")
        _check_names(members)
        names = {member.filename for member in members}
        if "[Content_Types].xml" not in names:
            raise Problem("archive")
        kinds = set()
        for member in members:
            content = _content(package, member, left)
            if member.filename == "[Content_Types].xml":
                if b"macroenabled" in content.lower():
                    raise Problem("macros")
                kinds = {kind for part, kind in _MAIN_PARTS.items() if part in content}
            _check_member(member.filename.lower(), content, left, depth)
    if len(kinds) != 1:
        raise Problem("two" if kinds else "unknown")
    return kinds.pop()


def _check_names(members: list[zipfile.ZipInfo]) -> None:
    if min((member.header_offset for member in members), default=0):
        raise Problem("two")
    if len({member.filename.lower() for member in members}) < len(members):
        raise Problem("damaged")
    for member in members:
        name = member.orig_filename
        if member.flag_bits & 1:
            raise Problem("protected")
        if (
            name.startswith("/")
            or ".." in name.split("/")
            or any(letter in name for letter in "\\:\0")
            or stat.S_ISLNK(member.external_attr >> 16)
        ):
            raise Problem("paths")
        if _MACROS.search(name.lower()):
            raise Problem("macros")
        if _PROGRAMS.search(name.lower()):
            raise Problem("programs")


def _content(package: zipfile.ZipFile, member: zipfile.ZipInfo, left: list[int]) -> bytes:
    """A member unpacked, without believing what the package says of its size."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Problem("damaged")
    with package.open(member) as file:
        content = file.read(left[0] + 1)
    left[0] -= len(content)
    if left[0] < 0:
        raise Problem("large")
    return content


def _check_member(name: str, content: bytes, left: list[int], depth: int) -> None:
    if content.startswith(b"MZ"):
        raise Problem("programs")
    if content.startswith(_OLE):
        if "_VBA_PROJECT".encode("utf-16-le") in content:
            raise Problem("macros")
        if "Ole10Native".encode("utf-16-le") in content:
            raise Problem("programs")
    elif content.startswith(_ZIP):
        if depth > _DEEPEST:
            raise Problem("archive")
        _package(io.BytesIO(content), left, depth + 1)
    elif content.startswith(_ARCHIVES):
        raise Problem("archive")
    elif _MARKUP.search(name) or content[:100].replace(b"\0", b"").lstrip(_BLANK).startswith(b"<"):
        _check_markup(name, content)


def _check_markup(name: str, content: bytes) -> None:
    """Refuse what no Office program writes: definitions of types, and rare encodings."""
    letters = content.replace(b"\0", b"")
    start = letters.lstrip(_BLANK)
    encoding = _ENCODING.match(start)
    if (start and not start.startswith(b"<")) or (
        encoding and encoding[1].lower() not in _ENCODINGS
    ):
        raise Problem("damaged")
    if b"<!DOCTYPE" in letters or b"<!ENTITY" in letters:
        raise Problem("types")
    if name.endswith(".svg") and _SCRIPT.search(letters):
        raise Problem("scripts")
    if name.endswith(".rels"):
        _check_relations(content)


def _check_relations(content: bytes) -> None:
    """Refuse a document that loads parts from elsewhere; links that a reader clicks are none."""

    def note(name: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("Type", "").rpartition("/")[2]
        if attributes.get("TargetMode", "").lower() == "external" and kind in _LOADED:
            raise Problem("links")

    parser = expat.ParserCreate()
    parser.StartElementHandler = note
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise Problem("damaged") from None


def _check_pdf(content: bytes) -> None:
    import pypdf
    from pypdf.errors import PyPdfError

    letters = _NUMBERED.sub(lambda number: bytes([int(number[1], 16)]), content)
    if _ACTIONS.search(letters):
        raise Problem("scripts")
    if b"/EmbeddedFile" in letters:
        raise Problem("programs")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise Problem("protected")
        catalog: Any = reader.root_object
        names, form = (
            catalog[name].get_object() if name in catalog else {}
            for name in ("/Names", "/AcroForm")
        )
    except (PyPdfError, AttributeError, TypeError, IndexError, RecursionError):
        raise Problem("damaged") from None
    if "/JavaScript" in names or "/XFA" in form:
        raise Problem("scripts")
    if "/EmbeddedFiles" in names:
        raise Problem("programs")


def _check_png(content: bytes) -> None:
    width, height = struct.unpack(">II", content[16:24])
    _check_pixels(width, height)
    place = len(_PNG)
    while place < len(content):
        length, name = struct.unpack(">I4s", content[place : place + 8])
        place += 12 + length
        if name == b"IEND":
            break
    if place != len(content):
        raise Problem("damaged")


def _check_jpeg(content: bytes) -> None:
    place = 2
    while True:
        mark, number, length = struct.unpack(">BBH", content[place : place + 4])
        if mark != 0xFF or length < 2:
            raise Problem("damaged")
        # The frames of all ways of compression, of which some numbers are something else.
        if 0xC0 <= number <= 0xCF and number not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            _check_pixels(width, height)
            return
        place += 2 + length


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise Problem("damaged")
    if width * height > _MOST_PIXELS:
        raise Problem("pixels")


if __name__ == "__main__":
    main()
