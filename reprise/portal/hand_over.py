"""The hand-over: the product's backend vouches for a user, and gets a one-time link that signs them in."""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import time
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import APIRouter, Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, HttpUrl, SecretStr, StringConstraints, ValidationError

from reprise.api.auth import Operator, PathAccount
from reprise.api.commands import TheEngine
from reprise.api.problems import Problem, responses
from reprise.api.schemas import PortalUrl
from reprise.settings import ApiSettings

LINK_LASTS = 300
"""Seconds within which a one-time link must be used."""

_Line = StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")


class PortalUser(BaseModel):
    """A user of the product, as the product vouches for them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, _Line, Field(description="The product's id of the user; it stands in the timeline.")]
    name: Annotated[
        Annotated[str, _Line] | None,
        Field(validation_alias=AliasChoices("name", "display_name"), description="What the pages call them."),
    ] = None
    billing_access: Annotated[
        bool, Field(strict=True, description="Whether they have Billing Access to this account (R19).")
    ] = False


class PortalSessionBody(BaseModel):
    """Who is to be signed in, and where the pages lead back to."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "user": {"id": "user-7", "name": "Ada", "billing_access": True},
                    "return_url": "https://shop.example.com/settings",
                }
            ]
        },
    )

    user: Annotated[PortalUser, Field(examples=[{"id": "user-7", "name": "Ada", "billing_access": True}])]
    return_url: HttpUrl | None = None
    ask: Annotated[
        Annotated[str, _Line] | None,
        Field(description="Who can grant Billing Access; told to a user who has none."),
    ] = None


class HandOver(BaseModel):
    """What a one-time link carries, and then the session's cookie: encrypted, so that neither tells who it is about."""

    model_config = ConfigDict(frozen=True)

    session: str
    account_id: str
    user: PortalUser
    return_url: str | None = None
    ask: str | None = None
    expires: float


class Seal:
    """Encrypts and signs hand-overs; every API process with the same secret opens what another has sealed."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take the secret: the portal's own, or else the one that tokens are signed with."""
        secret = settings.portal_secret or settings.jwt_secret
        self._links = Fernet(_key(secret, "links")) if secret else None
        self._sessions = Fernet(_key(secret, "sessions")) if secret else None
        self._forms = _key(secret, "forms") if secret else b""

    def link(self, hand_over: HandOver) -> str:
        """Return the text that stands in a one-time link.

        Raises:
            Problem: 501: no secret is configured.
        """
        return _closed(self._links, hand_over)

    def session(self, hand_over: HandOver) -> str:
        """Return the text that a session's cookie holds."""
        return _closed(self._sessions, hand_over)

    def link_opened(self, text: str) -> HandOver | None:
        """Return what a link carries; None when it is forged or expired."""
        return _opened(self._links, text)

    def session_opened(self, text: str) -> HandOver | None:
        """Return what a cookie carries; None when it is forged or expired."""
        return _opened(self._sessions, text)

    def forms_token(self, session: str) -> str:
        """Return what every form of a session carries: no other site's page can know it."""
        return hmac.new(self._forms, session.encode(), hashlib.sha256).hexdigest()


def _key(secret: SecretStr, purpose: str) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=f"reprise portal {purpose}".encode())
    return base64.urlsafe_b64encode(derived.derive(secret.get_secret_value().encode()))


def _closed(cipher: Fernet | None, hand_over: HandOver) -> str:
    if cipher is None:
        raise Problem(501, "portal_not_configured", "Set REPRISE_PORTAL_SECRET to use the Profile & Billing pages.")
    return cipher.encrypt(hand_over.model_dump_json(by_alias=False).encode()).decode()


def _opened(cipher: Fernet | None, text: str) -> HandOver | None:
    if cipher is None:
        return None
    try:
        hand_over = HandOver.model_validate(json.loads(cipher.decrypt(text.encode())))
    except (InvalidToken, ValidationError, ValueError):
        return None
    return hand_over if time.time() < hand_over.expires else None


def public_base(request: Request, settings: ApiSettings) -> str:
    """Return where browsers reach the pages.

    Not what the request's Host says: who can set that would be sent the links. Without a configured address it is
    believed on this machine alone, where `localhost` and a forwarded port are fine; else it is where the API listens.
    """
    if settings.public_url:
        return str(settings.public_url).rstrip("/")
    if is_loopback(str(request.base_url)):
        return str(request.base_url).rstrip("/")
    host, port = request.scope["server"]
    return f"{request.scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(url: str) -> bool:
    """Say whether an address leads to the machine that it is used on."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


router = APIRouter(prefix="/v1/accounts")


@router.post("/{account_id}/portal-sessions", tags=["operators"], responses=responses(401, 403, 404, 422, 501, 503))
async def portal_session(
    account_id: PathAccount, body: PortalSessionBody, engine: TheEngine, request: Request, _: Operator
) -> PortalUrl:
    """Return a link that signs a user in to Profile & Billing: send the browser there. One use, within five minutes."""
    await engine.describe(account_id)
    seal: Seal = request.app.state.seal
    hand_over = HandOver(
        session=secrets.token_urlsafe(18),
        account_id=account_id,
        user=body.user,
        return_url=str(body.return_url) if body.return_url else None,
        ask=body.ask,
        expires=time.time() + LINK_LASTS,
    )
    base = public_base(request, request.app.state.settings)
    return PortalUrl(url=f"{base}/portal/sign-in/{seal.link(hand_over)}")
