"""Signing in through an identity provider: the way there, and the way back."""

import hmac
import json
from dataclasses import asdict
from typing import Any

from anyio import CapacityLimiter, to_thread
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from web.policies import Policy, open_to
from web.session_cookie import flow_cookie, flow_text
from web.signin import enter, safe_next
from web.visits import Visit
from workspace.audit import audit
from workspace.delivery.egress import Unreachable
from workspace.errors import DealkinError
from workspace.people.sign_in import openid, providers
from workspace.people.sign_in.openid import Flow, SignInRefused

# Threads that may wait for providers at once: pages do not wait for them.
AT_ONCE = 4
_waiting = CapacityLimiter(AT_ONCE)


class ProviderSignInController(Controller):
    """/sign-in/with: to a provider, and back from it.

    Its answers come by GET, so this is the one GET that signs in. What the browser brings back has
    to be of the flow that it keeps in a cookie.
    """

    path = "/sign-in/with/{key:str}"
    opt = open_to(reads=Policy.ANYONE)

    @get()
    async def go(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return await to_thread.run_sync(_go, visit, key, limiter=_waiting)

    @get("/callback")
    async def come_back(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return await to_thread.run_sync(_come_back, visit, key, limiter=_waiting)


def callback_of(visit: Visit, key: str) -> str:
    """The address to which a provider sends the browser back."""
    return f"{visit.workspace.origin.rstrip('/')}/sign-in/with/{key}/callback"


def _go(visit: Visit, key: str) -> Response[Any]:
    workspace = visit.workspace
    back = safe_next(visit.form.text("next", 2000))
    with visit.read() as session:
        provider = providers.provider_of(session, key)
    try:
        address, flow = openid.begin(workspace.settings, provider, callback_of(visit, key), back)
    except (Unreachable, SignInRefused) as problem:
        return _refused(visit, str(problem))
    response: Response[Any] = Redirect(address, status_code=303)
    text = workspace.keyring.encrypt(json.dumps(asdict(flow)))
    response.set_cookie(flow_cookie(visit.request, text))
    return response


def _come_back(visit: Visit, key: str) -> Response[Any]:
    workspace, form = visit.workspace, visit.form
    code, state = form.text("code", 2000), form.text("state", 200)
    with visit.read() as session:
        provider = providers.provider_of(session, key)
    try:
        flow = _kept_flow(visit, key, state)
        if not code:
            raise SignInRefused(f"{provider.name} did not sign you in.")
        secret = workspace.keyring.decrypt(provider.secret) if provider.secret else ""
        callback = callback_of(visit, key)
        identity = openid.finish(workspace.settings, provider, secret, callback, flow, code)
        with visit.write() as session:
            person = providers.member_for(session, provider, identity)
            response = visit.go(flow.next)
            enter(session, visit.request, response, person.id)
    except (Unreachable, SignInRefused) as problem:
        with visit.write() as session:
            subject = f"identity provider {provider.id}"
            audit(session, None, "sign-in failed", subject)
        return _refused(visit, str(problem))
    response.set_cookie(flow_cookie(visit.request, ""))
    return response


def _kept_flow(visit: Visit, key: str, state: str) -> Flow:
    """The flow that this browser keeps, if the answer belongs to it."""
    kept = flow_text(visit.request)
    try:
        flow = Flow(**json.loads(visit.workspace.keyring.decrypt(kept or "")))
    except (DealkinError, ValueError, TypeError):
        raise SignInRefused("This sign-in was not begun in this browser. Try again.") from None
    if flow.provider != key or not hmac.compare_digest(flow.state.encode(), state.encode()):
        raise SignInRefused("This sign-in was not begun in this browser. Try again.")
    return flow


def _refused(visit: Visit, why: str) -> Response[Any]:
    response = visit.show("sign_in/refused.html", why, status=403)
    response.set_cookie(flow_cookie(visit.request, ""))
    return response
