"""Pages of lists: their rows, the filters in their address, and what htmx is sent of them."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from litestar.response import Response
from sqlmodel import Session

from web.rendering import query
from web.visits import Visit

Row = TypeVar("Row")


class ListPage(Protocol):
    """A list's context; `params` are the filters as they stand in its address."""

    @property
    def params(self) -> dict[str, str]: ...


def first_page(rows: Sequence[Row], size: int) -> tuple[list[Row], Row | None]:
    """The rows of a page, and the last of them where more rows follow it.

    One row more than the page holds is asked for, so that it is known whether there are more.
    """
    return list(rows[:size]), rows[size - 1] if len(rows) > size else None


def filled(**values: str | None) -> dict[str, str]:
    """The filters that are set."""
    return {name: value for name, value in values.items() if value}


def answer_list(
    visit: Visit, folder: str, list_page: Callable[[Session, Visit], ListPage]
) -> Response[str]:
    """A list: its page, the results that a filter leaves, or the rows that follow a row."""
    with visit.read() as session:
        page = list_page(session, visit)
    fragment = "_rows.html" if "after" in visit.form.sent else "_results.html"
    address = f"{visit.request.url.path}?{query(page.params)}"
    return visit.answer(f"{folder}/list.html", f"{folder}/{fragment}", page, address=address)
