"""What every handler of the API is given: the call with its token, body and query, and answers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
from litestar.exceptions import ClientException
from litestar.response import Response
from sqlmodel import Session

from web.api.operations import operation_of
from web.api.public import plain, public_names
from web.edit_conflicts import fingerprint
from web.forms import LARGEST_ID, Form, parse_pairs
from web.lists import first_page
from web.own_fields import PREFIX
from web.policies import SAFE
from web.problems import problem
from web.routes import Request
from web.visits import MemberRequest
from workspace.errors import Conflict, Invalid
from workspace.people.api_tokens import KnownToken
from workspace.people.kept_answers import keep_answer, kept_answer
from workspace.people.viewer import Viewer

Row = TypeVar("Row")
P = ParamSpec("P")
# What a list answers with at once, and at most.
USUAL_PAGE = 50
LARGEST_PAGE = 200
# The parts of every list's query.
PAGING = ("after", "limit", "fields")


@dataclass(frozen=True)
class Saved:
    """What came of a write, or is there now: with its tag, and the address of a new thing."""

    value: Any = None
    tag: str = ""
    location: str = ""


@dataclass(frozen=True)
class Call(MemberRequest):
    """A call of the API, on the open workspace."""

    @property
    def token(self) -> KnownToken:
        """The token that the call carries."""
        token: KnownToken = self.request.scope["token"]  # type: ignore[typeddict-item]
        return token

    @cached_property
    def form(self) -> Form:
        """The fields of the body, or of a query, as the form that a page would send.

        So both are read by the same functions, with the same limits.
        """
        operation = operation_of(self.request.scope["route_handler"])
        if not self._is_reading:
            return Form(pairs_of(self._body))
        asked = Form(parse_pairs(self.request.scope["query_string"]))
        known = set(operation.query.__struct_fields__ if operation.query else ())
        known |= set(PAGING) if operation.paged else set()
        for name in asked.sent:
            if name not in known and not name.startswith(PREFIX):
                asked.refuse(name[:60], "There is no such parameter.")
        asked.check()
        return asked

    @property
    def _is_reading(self) -> bool:
        return self.request.method in ("GET", "HEAD")

    @cached_property
    def _body(self) -> Any:
        """The body, as the type that the operation declares."""
        kind = operation_of(self.request.scope["route_handler"]).body
        if kind is None:
            return None
        if self.request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise ClientException(status_code=415, detail="Send the body as application/json.")
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.ValidationError as refusal:
            why, _, where = str(refusal).partition(" - at `$")
            field = where.rstrip("`").lstrip(".") or "body"
            raise Invalid("Some fields could not be saved.", {field: f"{why}."}) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ClientException("The body is no JSON.") from None

    @property
    def sent(self) -> Mapping[str, Any]:
        """The body as it was sent, which a call may leave out."""
        sent: Mapping[str, Any] = msgspec.json.decode(self.body or b"{}")
        return sent

    # Answers

    def answer(self, value: Any, tag: str = "", location: str = "") -> Response[Any]:
        """An answer with a value of the type that the operation declares.

        Without a value it is empty: the caller no longer sees what they have changed.
        """
        operation = operation_of(self.request.scope["route_handler"])
        headers = {"ETag": f'"{tag}"'} if tag else {}
        if location and operation.status == 201:
            headers["Location"] = location
        # No cache may take the answer to one token for that to another.
        headers["Vary"] = "Authorization"
        if tag and self._is_reading and f'"{tag}"' in self._tags("if-none-match"):
            return Response(None, status_code=304, headers=headers)
        if value is None:
            return Response(None, status_code=204, headers=headers)
        content = msgspec.json.encode(plain(value))
        return Response(
            content, status_code=operation.status, media_type="application/json", headers=headers
        )

    @property
    def size(self) -> int:
        """The number of items that are asked for of a list."""
        return self.form.integer("limit", 1, LARGEST_PAGE) or USUAL_PAGE

    def page(
        self,
        rows: Sequence[Row],
        mark: Callable[[Row], str] = lambda row: row.key,  # type: ignore[attr-defined]
    ) -> Response[Any]:
        """A page of a list, of rows of which one more was read than are asked for."""
        fields = self._chosen_fields()
        shown, last = first_page(rows, self.size)
        items = [plain(row) for row in shown]
        if fields:
            items = [{name: item[name] for name in fields} for item in items]
        return self.answer({"items": items, "next": mark(last) if last else None})

    def _chosen_fields(self) -> list[str]:
        """The fields of each item that are asked for; none where all are."""
        chosen = [name for name in self.form.text("fields", 1_000).split(",") if name]
        known = public_names(operation_of(self.request.scope["route_handler"]).answers)
        if unknown := [name for name in chosen if name not in known]:
            self.form.refuse("fields", f"There is no field {unknown[0][:60]}.")
        self.form.check()
        return chosen

    def show(
        self,
        build: Callable[Concatenate[Session, Viewer, P], Saved],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response[Any]:
        """An answer with what a function reads for the viewer, and its tag."""
        with self.read() as session:
            shown = build(session, self.viewer, *args, **kwargs)
            return self.answer(shown.value, shown.tag)

    # Writes

    def send_version(self) -> None:
        """Have the form say over which version of a deal it is, from If-Match."""
        # A tag that is no number is that of no version.
        self.form.sent["version"] = [self.seen if self.seen.isdecimal() else str(LARGEST_ID)]

    def fill(self, saved: Mapping[str, str]) -> None:
        """Have the form send a whole record: what the body leaves out stays as it is saved."""
        self._complete(saved)
        self.form.sent["seen"] = [self.seen]

    def complete(self, saved: Mapping[str, str]) -> None:
        """The same for a record that is changed without a version."""
        self._complete(saved)
        self.form.sent["seen"] = [fingerprint(saved)]

    def _complete(self, saved: Mapping[str, str]) -> None:
        for name, value in saved.items():
            # Own fields that are not sent stay anyway.
            if not name.startswith(PREFIX):
                self.form.sent.setdefault(name, [value])

    @property
    def seen(self) -> str:
        """The tag of what a change is made over, from If-Match."""
        sent = self.request.headers.get("if-match", "").strip()
        if not sent:
            raise ClientException(
                status_code=428, detail="Send the ETag of what you change as If-Match."
            )
        return sent.strip('"')

    def save(self, act: Callable[[Session], Saved]) -> Response[Any]:
        """Do a write in one transaction, and answer with what came of it.

        A call that carries an Idempotency-Key is done once: a repeated call gets the first
        answer again.
        """
        try:
            return self._save(act)
        except Invalid as refusal:
            names = names_in_json(self._body)
            fields = {names.get(name, name): why for name, why in refusal.fields.items()}
            raise Invalid(str(refusal), fields) from refusal

    def _save(self, act: Callable[[Session], Saved]) -> Response[Any]:
        key = self.request.headers.get("idempotency-key", "")
        if not key:
            with self.write() as session:
                return self._saved(act(session))
        digest = self._digest()
        with self.write() as session:
            kept = kept_answer(session, self.token.id, key, digest)
            if kept is not None:
                return Response(
                    kept.body.encode() if kept.body else None,
                    status_code=kept.status,
                    media_type="application/json",
                    headers={**kept.headers, "Idempotency-Replayed": "true"},
                )
            response = self._saved(act(session))
            body = response.content.decode() if response.content else ""
            headers, status = dict(response.headers.items()), response.status_code or 200
            keep_answer(session, self.token.id, key, digest, status, headers, body)
            return response

    def done(
        self,
        act: Callable[Concatenate[Session, Viewer, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response[Any]:
        """Do a write for the viewer that nothing is answered to."""

        def save(session: Session) -> Saved:
            act(session, self.viewer, *args, **kwargs)
            return Saved()

        return self.save(save)

    def save_over(
        self, act: Callable[[Session], Saved], current: Callable[[Session], Saved]
    ) -> Response[Any]:
        """A write over what the caller has seen; 412 with both versions if it has changed since."""
        seen = self.seen
        try:
            return self.save(act)
        except Conflict:
            with self.read() as session:
                now = current(session)
                if now.tag == seen:
                    raise
                return problem(
                    412,
                    "Changed in the meantime",
                    "Nothing was saved. Apply it to the current version, and send its ETag.",
                    headers={"ETag": f'"{now.tag}"'},
                    yours=self.sent,
                    current=plain(now.value),
                )

    def _saved(self, saved: Saved) -> Response[Any]:
        return self.answer(saved.value, saved.tag, saved.location)

    def _digest(self) -> str:
        request = self.request
        called = f"{request.method} {request.url.path} {request.headers.get('if-match', '')}\n"
        return hashlib.sha256(called.encode() + self.body).hexdigest()

    def _tags(self, header: str) -> list[str]:
        return [tag.strip() for tag in self.request.headers.get(header, "").split(",")]


def names_in_json(body: Any) -> dict[str, str]:
    """What the fields of a body are called in JSON, by their names in the form."""
    if body is None:
        return {}
    return dict(zip(body.__struct_fields__, body.__struct_encode_fields__, strict=True))


def pairs_of(body: Any) -> list[tuple[str, str]]:
    """The fields of a body as a form would send them."""
    if body is None:
        return []
    pairs = []
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if value is msgspec.UNSET:
            continue
        if isinstance(value, Mapping):
            # The values of own fields, by their keys.
            for key, own in value.items():
                pairs += [(f"{PREFIX}{key}", text) for text in _texts(own)]
        else:
            pairs += [(name, text) for text in _texts(value)]
    return pairs


def _texts(value: Any) -> list[str]:
    if value is None:
        return [""]
    if isinstance(value, list):
        # A form sends an empty field where it sends none of several values.
        return [text for each in value for text in _texts(each)] or [""]
    if isinstance(value, bool):
        return ["on" if value else "off"]
    return [value.isoformat() if isinstance(value, date) else str(value)]


async def provide_call(request: Request) -> Call:
    """The call on the open workspace, with its body."""
    body = b"" if request.method in SAFE else await request.body()
    return Call(request, request.app.state.workspace, body)
