"""Operations of the API: what each takes and answers, declared where its handler is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import litestar
import msgspec
from litestar.handlers import HTTPRouteHandler

from web.api.fields import Body
from web.policies import Policy, open_to

# What every operation can be refused with, and what writes can be in addition.
REFUSALS = (400, 401, 403, 404, 422, 429, 500, 503)
OF_WRITES = (409, 507)
OF_BODIES = (408, 413, 415)


@dataclass(frozen=True)
class Operation:
    """What an operation takes and answers."""

    summary: str
    # The type of what it answers; None where the answer is empty.
    answers: Any = None
    status: int = 200
    writes: bool = True
    # Whether it answers a page of a list.
    paged: bool = False
    query: type[msgspec.Struct] | None = None
    body: type[Body] | None = None
    # Whether the answer has an ETag, and whether a write needs it in If-Match.
    tagged: bool = False
    matches: bool = False

    # Whether the write can take the record out of the caller's sight, who then gets no answer.
    may_vanish: bool = False

    @property
    def refusals(self) -> tuple[int, ...]:
        """The statuses that it can be refused with."""
        return (
            *REFUSALS,
            *(OF_WRITES if self.writes else ()),
            *(OF_BODIES if self.body else ()),
            *((412, 428) if self.matches else ()),
        )


Handler = Callable[[Callable[..., Any]], HTTPRouteHandler]


def read(path: str = "", *, summary: str, answers: Any, **facts: Any) -> Handler:
    """A handler that reads."""
    return _handler(litestar.get, path, Operation(summary, answers, writes=False, **facts))


def create(path: str = "", *, summary: str, answers: Any, **facts: Any) -> Handler:
    """A handler that adds something, and answers 201 with it."""
    return _handler(litestar.post, path, Operation(summary, answers, status=201, **facts))


def act(path: str = "", *, summary: str, answers: Any, **facts: Any) -> Handler:
    """A handler that does something to what is there, and answers with what is there then."""
    return _handler(litestar.post, path, Operation(summary, answers, **facts))


def change(path: str = "", *, summary: str, answers: Any, **facts: Any) -> Handler:
    """A handler that changes the fields that it is sent."""
    return _handler(litestar.patch, path, Operation(summary, answers, **facts))


def remove(path: str = "", *, summary: str, **facts: Any) -> Handler:
    """A handler that removes something, and answers nothing."""
    return _handler(litestar.delete, path, Operation(summary, status=204, **facts))


def _handler(method: Callable[..., Any], path: str, operation: Operation) -> HTTPRouteHandler:
    # The call's answer has the status that the operation declares.
    made: HTTPRouteHandler = method(
        path, sync_to_thread=True, status_code=200, opt={"operation": operation}
    )
    return made


def for_programs(
    tag: str, reads: Policy, writes: Policy | None = None, **options: bool
) -> dict[str, Any]:
    """The option `opt` of a Controller of the API, whose operations stand under a heading."""
    return {**open_to(reads, writes, api=True, **options), "tag": tag}


def operation_of(handler: Any) -> Operation:
    """What a handler of the API has declared."""
    declared: Operation = handler.opt["operation"]
    return declared
