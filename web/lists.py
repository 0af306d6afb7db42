"""Pages of lists: their rows, the filters in their address, and what htmx is sent of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from litestar.response import Response
from sqlmodel import Session

from web.columns import Arrangement, Column, with_own
from web.rendering import query
from web.visits import Visit
from workspace.own_fields.fields import OwnField

Row = TypeVar("Row")
# A choice of columns and order is no secret and nothing personal, as the theme.
REMEMBERED_SECONDS = 365 * 86_400


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


@dataclass(frozen=True)
class RecordList:
    """A list of records, with columns to choose and to order by."""

    path: str
    rows: Sequence[Any]
    more: str | None
    # The filters as they stand in the address.
    params: dict[str, str]
    known: Mapping[str, Column]
    own: list[OwnField]
    arranged: Arrangement

    @property
    def columns(self) -> dict[str, Column]:
        """The columns that the list can show."""
        return with_own(self.known, self.own)

    @property
    def query(self) -> str:
        """What the list shows, as the query of an address."""
        return query({**self.params, **self.arranged.params})

    def address(self, **changes: str) -> str:
        """The address of this with some of its parts changed."""
        asked = query({**self.params, **self.arranged.params, **changes})
        return f"{self.path}?{asked}" if asked else self.path


def remembered(visit: Visit) -> str:
    """What the browser remembers of the columns and the order of a list."""
    return visit.request.cookies.get(_cookie(visit), "")


def answer_record_list(
    visit: Visit, folder: str, list_page: Callable[[Session, Visit], RecordList]
) -> Response[str]:
    """A list of records; the browser remembers the columns and the order that were chosen."""
    with visit.read() as session:
        page = list_page(session, visit)
    fragment = "_rows.html" if "after" in visit.form.sent else "_results.html"
    response = visit.answer(
        f"{folder}/list.html", f"{folder}/{fragment}", page, address=page.address()
    )
    if page.arranged.is_explicit and {"sort", "columns"} & visit.form.sent.keys():
        response.set_cookie(
            _cookie(visit),
            query(page.arranged.params),
            max_age=REMEMBERED_SECONDS,
            path=page.path,
            httponly=True,
            samesite="lax",
            secure=visit.workspace.is_secure,
        )
    return response


def _cookie(visit: Visit) -> str:
    return f"list-{visit.request.url.path.strip('/')}"


def answer_list(
    visit: Visit, folder: str, list_page: Callable[[Session, Visit], ListPage]
) -> Response[str]:
    """A list: its page, the results that a filter leaves, or the rows that follow a row."""
    with visit.read() as session:
        page = list_page(session, visit)
    fragment = "_rows.html" if "after" in visit.form.sent else "_results.html"
    address = f"{visit.request.url.path}?{query(page.params)}"
    return visit.answer(f"{folder}/list.html", f"{folder}/{fragment}", page, address=address)
