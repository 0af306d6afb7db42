"""OpenID Connect: the code flow with PKCE, and the check of what a provider says of a person."""

import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from workspace.delivery.egress import SECONDS, Guarded, Unreachable
from workspace.errors import DealkinError
from workspace.people.sign_in.tables import IdentityProvider
from workspace.settings import Settings

SCOPES = "openid email profile"
# Signatures whose key only the provider has.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
# How long a provider's description and keys are believed.
KEPT_SECONDS = 3600.0
# A document that is younger is not fetched again, whatever a token says.
FRESH_SECONDS = 60
CLOCKS_APART = 60


class SignInRefused(DealkinError):
    """The provider did not say who it is, or what it said cannot be believed."""


@dataclass(frozen=True)
class Flow:
    """A sign-in that is under way at a provider; it is kept in the browser, encrypted."""

    provider: str
    state: str
    nonce: str
    verifier: str
    next: str


@dataclass(frozen=True)
class Identity:
    """What a provider says of a person."""

    subject: str
    email: str
    is_verified: bool
    name: str
    # None if the provider says nothing of groups.
    groups: frozenset[str] | None


_described: dict[str, tuple[float, Mapping[str, Any]]] = {}
_lock = threading.Lock()


def begin(
    settings: Settings, provider: IdentityProvider, callback: str, back: str
) -> tuple[str, Flow]:
    """The address at the provider to which the browser is sent, and the flow to keep."""
    metadata = _metadata(settings, provider.issuer)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    flow = Flow(provider.key, state, nonce, verifier, back)
    with _client(settings, provider, "", callback) as client:
        address, _ = client.create_authorization_url(
            _endpoint(metadata, "authorization_endpoint"),
            state=flow.state,
            nonce=flow.nonce,
            code_verifier=flow.verifier,
        )
    return str(address), flow


def finish(
    settings: Settings,
    provider: IdentityProvider,
    secret: str,
    callback: str,
    flow: Flow,
    code: str,
) -> Identity:
    """Exchange the code that the browser came back with for what the provider says."""
    metadata = _metadata(settings, provider.issuer)
    try:
        with _client(settings, provider, secret, callback) as client:
            token = client.fetch_token(
                _endpoint(metadata, "token_endpoint"), code=code, code_verifier=flow.verifier
            )
            claims = _claims(settings, provider, metadata, str(token.get("id_token", "")), flow)
            wanted = {"email", *((provider.groups_claim,) if provider.roles else ())}
            if wanted - claims.keys() and "userinfo_endpoint" in metadata:
                # What it does not say is missing, and is dealt with below.
                more: Any = {}
                with suppress(httpx2.HTTPError, ValueError):
                    answer = client.get(_endpoint(metadata, "userinfo_endpoint"))
                    more = answer.json() if answer.status_code == 200 else {}
                # What is said without a signature is believed of the same person only.
                if isinstance(more, dict) and more.get("sub") == claims["sub"]:
                    claims = {**more, **claims}
    except (AuthlibBaseError, JoseError, httpx2.HTTPError, ValueError) as problem:
        raise SignInRefused(f"{provider.name} did not confirm the sign-in.") from problem
    groups = claims.get(provider.groups_claim)
    return Identity(
        subject=str(claims["sub"])[:255],
        email=str(claims.get("email", "")).strip().lower()[:254],
        is_verified=claims.get("email_verified") is True,
        name=str(claims.get("name", ""))[:200],
        groups=None if groups is None else _groups(groups),
    )


def _groups(claim: Any) -> frozenset[str]:
    return frozenset(map(str, claim if isinstance(claim, list) else [claim]))


def _client(
    settings: Settings, provider: IdentityProvider, secret: str, callback: str
) -> OAuth2Client:
    return OAuth2Client(
        client_id=provider.client_id,
        client_secret=secret or None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        scope=SCOPES,
        redirect_uri=callback,
        code_challenge_method="S256",
        transport=Guarded(settings),
        timeout=SECONDS,
        trust_env=False,
        follow_redirects=False,
    )


def _claims(
    settings: Settings,
    provider: IdentityProvider,
    metadata: Mapping[str, Any],
    token: str,
    flow: Flow,
) -> dict[str, Any]:
    """The claims of an ID token, once its signature, its parties and its nonce are checked."""
    address = _endpoint(metadata, "jwks_uri")
    try:
        decoded = _decoded(settings, address, token)
    except (JoseError, ValueError):
        # The provider may have changed its keys since they were fetched.
        if not _forget(address):
            raise
        decoded = _decoded(settings, address, token)
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
        },
        {"nonce": flow.nonce, "client_id": provider.client_id},
    )
    claims.validate(leeway=CLOCKS_APART)
    return dict(claims)


def _decoded(settings: Settings, address: str, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(_document(settings, address))  # type: ignore[arg-type]
    return jwt.decode(token, keys, algorithms=list(ALGORITHMS))


def _forget(address: str) -> bool:
    """Have a document fetched again, unless it was fetched a moment ago; whether it will be."""
    with _lock:
        moment, _ = _described.get(address, (0.0, {}))
        if time.monotonic() - moment < FRESH_SECONDS:
            return False
        _described.pop(address, None)
    return True


def _metadata(settings: Settings, issuer: str) -> Mapping[str, Any]:
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    metadata = _document(settings, address)
    if metadata.get("issuer") != issuer:
        raise SignInRefused("The provider has another issuer than the one that is set up.")
    return metadata


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    if not isinstance(metadata.get(name), str):
        raise SignInRefused(f"The provider names no {name}.")
    return str(metadata[name])


def _document(settings: Settings, address: str) -> Mapping[str, Any]:
    """A JSON document of a provider, kept for a while; redirects are refused."""
    with _lock:
        moment, document = _described.get(address, (0.0, {}))
    if document and time.monotonic() - moment < KEPT_SECONDS:
        return document
    try:
        with httpx2.Client(
            transport=Guarded(settings), timeout=SECONDS, trust_env=False, follow_redirects=False
        ) as client:
            answer = client.get(address)
            fetched = answer.json() if answer.status_code == 200 else None
    except (httpx2.HTTPError, ValueError):
        fetched = None
    if not isinstance(fetched, dict):
        raise Unreachable("The identity provider does not answer. Try again in a moment.")
    with _lock:
        _described[address] = (time.monotonic(), fetched)
    return fetched
