"""Reads the text of a file in a confined process: from standard input to standard output.

It is started by its path and imports nothing of Dealkin. The libraries are imported when they are
needed, as each takes time.
"""

import io
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

# Seconds of work after which the text that was read so far is enough.
_ENOUGH = 12


def main(kind: str, most_letters: int) -> None:
    """Write the text of standard input, which is a file of this kind."""
    raw = io.BytesIO(sys.stdin.buffer.read())
    readers = {"pdf": _of_pdf, "docx": _of_docx, "pptx": _of_pptx, "xlsx": _of_xlsx}
    for text in readers[kind](raw):
        line = " ".join(text.replace("\0", " ").split())[:most_letters]
        most_letters -= len(line) + 1
        if line:
            sys.stdout.buffer.write(line.encode(errors="replace") + b"\n")
        if most_letters <= 0 or time.process_time() > _ENOUGH:
            break
    sys.stdout.buffer.flush()


def _of_pdf(raw: io.BytesIO) -> Iterator[str]:
    import pypdf

    for page in pypdf.PdfReader(raw).pages:
        yield from page.extract_text().splitlines()
        # Pages without text take time, too.
        yield ""


def _of_docx(raw: io.BytesIO) -> Iterator[str]:
    import docx
    from docx.oxml.ns import qn

    body = docx.Document(raw).element.body
    for paragraph in body.iter(qn("w:p")):
        yield "".join(text.text or "" for text in paragraph.iter(qn("w:t")))


def _of_pptx(raw: io.BytesIO) -> Iterator[str]:
    import pptx

    for slide in pptx.Presentation(raw).slides:
        yield from _of_shapes(slide.shapes)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
            yield from notes.text.splitlines()


def _of_shapes(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if shape.has_text_frame:
            yield from shape.text_frame.text.splitlines()
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                yield " ".join(cell.text for cell in row.cells)
        elif hasattr(shape, "shapes"):
            yield from _of_shapes(shape.shapes)


def _of_xlsx(raw: io.BytesIO) -> Iterator[str]:
    import python_calamine as calamine

    workbook = calamine.CalamineWorkbook.from_filelike(raw)
    for name in workbook.sheet_names:
        yield name
        for row in workbook.get_sheet_by_name(name).iter_rows():
            yield " ".join(cell for cell in row if isinstance(cell, str))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
