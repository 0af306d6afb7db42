"""Formulas in cells of files for spreadsheets: they are shown as text and never run."""

import re

# How a formula starts, which a spreadsheet may run: some skip spaces and quotation marks before it,
# and some read wide characters as plain ones.
_FORMULA = r"[\s\"'“”„‘’«`]*[=+\-@\t\r\n\0＝＋－＠﹢﹣﹦﹫−]"
# A spreadsheet that separates cells by these reads what follows one of them as a cell of its own.
_SEPARATOR = r"(?<=[;|])"
_RISKY = re.compile(rf"(?:\A|{_SEPARATOR})(?={_FORMULA})")
_MARKED = re.compile(rf"(?:\A|{_SEPARATOR})'(?={_FORMULA})")


def safe(cell: str) -> str:
    """The cell with an apostrophe before each formula, so that spreadsheets show it as text."""
    return _RISKY.sub("'", cell)


def unsafe(cell: str) -> str:
    """The cell that `safe` was given."""
    # A cell without an apostrophe is as it was, and files have very many of these.
    return _MARKED.sub("", cell) if "'" in cell else cell
