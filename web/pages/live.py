"""Live updates: one stream for a page, which tells that there is something new and never what.

The page fetches what is new by its ordinary address, so that rights are looked at again there.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from anyio import to_thread
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException
from litestar.response import Response, ServerSentEvent, ServerSentEventMessage

from web.live_updates import LONGEST_WAIT, Pulse
from web.policies import Policy, open_to
from web.session_cookie import session_token
from web.visits import Visit
from web.workspace import Workspace
from workspace.collaboration import inbox
from workspace.deals import access
from workspace.errors import NotFound
from workspace.people.sign_in.sessions import viewer_of
from workspace.replica import ReplicaLost
from workspace.timeline.timeline import state_of

# However much is committed, nobody looks more often than this.
APART_SECONDS = 1.0
# Something is sent at least this often, or a connection that is gone would never be noticed.
QUIET_SECONDS = 15.0


@dataclass(frozen=True)
class PageState:
    """What an open page shows: how much waits in the inbox, and how its deal stands."""

    inbox: int
    state: str = ""
    version: int = 0


class LiveController(Controller):
    """/live: a stream of states for a browser that asks for one, else the state of now."""

    path = "/live"
    opt = open_to(reads=Policy.MEMBERS, unattended=True)

    @get()
    async def show(
        self, visit: NamedDependency[Visit], pulse: NamedDependency[Pulse]
    ) -> Response[Any]:
        key = visit.form.maybe("deal", 80)
        shown = PageState(
            inbox=visit.form.integer("inbox") or 0,
            state=visit.form.text("state", 80),
            version=visit.form.integer("version") or 0,
        )
        visit.form.check()
        token = session_token(visit.request) or ""
        workspace = visit.workspace
        now = await to_thread.run_sync(_current_state, workspace, token, key, limiter=pulse.looking)
        headers = {"Vary": "Accept, HX-Request"}
        if "text/event-stream" not in visit.request.headers.get("accept", ""):
            return Response(asdict(now), headers=headers)
        # Proxies that collect what they pass on would hold every event back.
        headers["X-Accel-Buffering"] = "no"
        return ServerSentEvent(_stream(workspace, pulse, token, key, shown), headers=headers)


async def _stream(
    workspace: Workspace, pulse: Pulse, token: str, key: str | None, shown: PageState
) -> AsyncIterator[ServerSentEventMessage]:
    """The state whenever it has changed, until the right to it is gone.

    Session, member and deal are checked again before every event.
    """
    sent = time.monotonic()
    with pulse.listening() as woken:
        while not pulse.closed:
            woken.clear()
            try:
                current = await to_thread.run_sync(
                    _current_state, workspace, token, key, limiter=pulse.looking
                )
            except (NotFound, NotAuthorizedException):
                yield ServerSentEventMessage(event="end", data="")
                return
            except ReplicaLost:
                # By now the database answers.
                continue
            if current != shown:
                shown, sent = current, time.monotonic()
                yield ServerSentEventMessage(event="look", data=json.dumps(asdict(current)))
            elif time.monotonic() - sent > QUIET_SECONDS:
                sent = time.monotonic()
                yield ServerSentEventMessage(comment="still here")
            looked = time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), LONGEST_WAIT)
            # Commits that come close together are looked at together.
            await asyncio.sleep(max(0.0, looked + APART_SECONDS - time.monotonic()))


def _current_state(workspace: Workspace, token: str, key: str | None) -> PageState:
    with workspace.database.read() as session:
        viewer = viewer_of(session, token)
        if viewer is None:
            raise NotAuthorizedException
        # A page that is told of something fetches it from where it was seen.
        with workspace.reading(workspace.marks(session, viewer), session) as near:
            waiting = inbox.count(near, viewer)
            if key is None:
                return PageState(waiting)
            deal = access.readable_deal(near, viewer, key)
            return PageState(waiting, state_of(near, deal.id), deal.version)
