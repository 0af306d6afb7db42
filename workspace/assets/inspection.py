"""What an uploaded file is: its kind by its content, and why it is refused."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from workspace.assets import inspection_process
from workspace.confined import Ended, confined
from workspace.errors import Invalid

# Bytes that a file has at most.
LARGEST_FILE = 50_000_000
_LONGEST_NAME = 150


@dataclass(frozen=True)
class FileKind:
    """A kind of file that the library takes."""

    label: str
    media_type: str
    # The first is the usual one.
    extensions: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument"
FILE_KINDS = {
    "pdf": FileKind("PDF", "application/pdf", ("pdf",)),
    "docx": FileKind("Word document", f"{_OFFICE}.wordprocessingml.document", ("docx",)),
    "pptx": FileKind(
        "PowerPoint presentation", f"{_OFFICE}.presentationml.presentation", ("pptx", "ppsx")
    ),
    "xlsx": FileKind("Excel workbook", f"{_OFFICE}.spreadsheetml.sheet", ("xlsx",)),
    "png": FileKind("PNG image", "image/png", ("png",)),
    "jpg": FileKind("JPEG image", "image/jpeg", ("jpg", "jpeg")),
    "mp4": FileKind("MP4 video", "video/mp4", ("mp4", "m4v")),
}
_TAKEN = "PDF, Word, PowerPoint, Excel, PNG, JPEG or MP4"
_PROBLEMS = {
    "archive": "This is an archive, or has one in it: upload its files one by one.",
    "damaged": "This file is damaged: open it, and save it again.",
    "large": f"Unpacked, this file has more than {inspection_process.MOST_UNPACKED // 10**6} MB,"
    " or too many parts: divide it.",
    "links": "This file loads parts of it from elsewhere: save it without links to templates and"
    " objects.",
    "macros": "This file has macros: save it without them, as DOCX, PPTX or XLSX.",
    "markup": "SVG, HTML and XML can run scripts: save it as PDF or PNG.",
    "old": "This file is of an old version of Office: save it as DOCX, PPTX or XLSX.",
    "paths": "This file has parts with names that lead elsewhere: open it, and save it again.",
    "pixels": "This image has more than 100 million pixels: make it smaller.",
    "programs": "This file has other files in it: remove them, and save it again.",
    "protected": "This file is protected by a password: save it without one.",
    "scripts": "This file has scripts in it: print it into a new PDF.",
    "two": "This file is of two kinds at once: save it again with the program that it is from.",
    "types": "This file has XML that no Office program writes: open it, and save it again.",
    "unknown": f"This kind of file is not taken: choose {_TAKEN}.",
}


@dataclass(frozen=True)
class InspectedFile:
    """A file that the library takes."""

    name: str
    kind: str
    raw: bytes


def inspect(name: str, raw: bytes) -> InspectedFile:
    """Find out what a file is; `Invalid` if the library does not take it."""
    if not raw:
        raise _refused("This file is empty.")
    if len(raw) > LARGEST_FILE:
        raise _refused(f"This file is larger than {LARGEST_FILE // 10**6} MB.")
    try:
        with confined(inspection_process.__file__, raw) as result:
            told = result.read(100).decode()
    except Ended:
        raise _refused(_PROBLEMS["large"]) from None
    if told.startswith("-"):
        raise _refused(_PROBLEMS[told[1:]])
    return InspectedFile(_safe_name(name, told), told, raw)


def _safe_name(name: str, kind: str) -> str:
    """A name without folders and invisible letters, with an extension of its kind."""
    base = re.split(r"[\\/]", name)[-1]
    visible = "".join(letter for letter in base if unicodedata.category(letter)[0] != "C")
    path = PurePosixPath(" ".join(visible.split()).strip(". ") or "file")
    extension = path.suffix[1:].lower()
    known = FILE_KINDS[kind]
    if extension in known.extensions:
        return f"{path.stem[:_LONGEST_NAME]}.{extension}"
    if re.fullmatch(r"[a-z][a-z0-9]{1,4}", extension):
        raise _refused(
            f"This file is named .{extension}, but is a {known.label}: save it again, or rename it."
        )
    return f"{path.name[:_LONGEST_NAME]}.{known.extensions[0]}"


def _refused(why: str) -> Invalid:
    return Invalid(why, {"file": why})
