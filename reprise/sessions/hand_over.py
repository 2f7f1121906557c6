"""The hand-over: for whom the product's backend vouches, and how a one-time link and a session's cookie carry it."""

import base64
import hashlib
import hmac
import ipaddress
import json
import time
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, ValidationError

from reprise.branding import Branding
from reprise.errors import InvalidInput
from reprise.http.keys import Keys
from reprise.http.problems import Problem
from reprise.settings import ApiSettings

LINK_LASTS = 300
"""Seconds within which a one-time link must be used."""

MOST = 3800
"""Characters of a hand-over under its seal: browsers keep cookies of 4,096 bytes (RFC 6265, 6.1)."""

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


class PortalSessionBody(Branding):
    """Who is to be signed in, where the pages lead back to, and how they look; what is left out is as configured."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "user": {"id": "user-7", "name": "Ada", "billing_access": True},
                    "return_url": "https://shop.example.com/settings",
                    "product_name": "Integration Manager",
                    "support_url": "https://shop.example.com/help",
                    "accent_color": "#1f5f52",
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


class RevokeSessionsBody(BaseModel):
    """Whose sessions are to end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Annotated[
        Annotated[str, _Line] | None,
        Field(description="The product's id of one user; without it, everybody on this account.", examples=["user-7"]),
    ] = None


class HandOver(BaseModel):
    """What a one-time link carries, and then the session's cookie: encrypted, so that neither tells who it is about.

    `generation` is that of the user's sessions on this account when the link was made: a later one ends this (R19).
    """

    model_config = ConfigDict(frozen=True)

    session: str
    account_id: str
    user: PortalUser
    return_url: str | None = None
    ask: str | None = None
    branding: Branding = Branding()
    expires: float
    generation: tuple[str, str] = ("", "")


class _Ciphers:
    """What one set of secrets encrypts, signs and opens; the first secret signs, all of them open."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self.secrets = secrets
        self.links = MultiFernet([Fernet(_key(each, "links")) for each in secrets]) if secrets else None
        self.sessions = MultiFernet([Fernet(_key(each, "sessions")) for each in secrets]) if secrets else None
        self.forms = [_key(each, "forms") for each in secrets]


class Seal:
    """Encrypts and signs hand-overs; every API process with the same secret opens what another has sealed.

    While a secret is exchanged there are two: what was sealed with either is opened, and nobody is signed out.
    """

    def __init__(self, keys: Keys) -> None:
        """Take the secrets: the portal's own, or else those that tokens are signed with."""
        self._keys = keys
        self._made = _Ciphers(keys.now.for_portal)

    @property
    def _ciphers(self) -> _Ciphers:
        secrets = self._keys.now.for_portal
        if secrets != self._made.secrets:
            self._made = _Ciphers(secrets)
        return self._made

    def link(self, hand_over: HandOver) -> str:
        """Return the text that stands in a one-time link.

        Raises:
            Problem: 501: no secret is configured.
        """
        return _closed(self._ciphers.links, hand_over)

    def session(self, hand_over: HandOver) -> str:
        """Return the text that a session's cookie holds."""
        return _closed(self._ciphers.sessions, hand_over)

    def link_opened(self, text: str) -> HandOver | None:
        """Return what a link carries; None when it is forged or expired."""
        return _opened(self._ciphers.links, text)

    def session_opened(self, text: str) -> HandOver | None:
        """Return what a cookie carries; None when it is forged or expired."""
        return _opened(self._ciphers.sessions, text)

    def forms_token(self, session: str) -> str:
        """Return what every form of a session carries: no other site's page can know it."""
        return self._forms_tokens(session)[0]

    def is_forms_token(self, session: str, given: str) -> bool:
        """Say whether a form carries this session's token, by a secret that is believed."""
        return any(hmac.compare_digest(given.encode(), each.encode()) for each in self._forms_tokens(session))

    def _forms_tokens(self, session: str) -> list[str]:
        return [hmac.new(each, session.encode(), hashlib.sha256).hexdigest() for each in self._ciphers.forms]


def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=f"reprise portal {purpose}".encode())
    return base64.urlsafe_b64encode(derived.derive(secret.encode()))


def _closed(cipher: MultiFernet | None, hand_over: HandOver) -> str:
    if cipher is None:
        raise Problem(501, "portal_not_configured", "Set REPRISE_PORTAL_SECRET to use the Profile & Billing pages.")
    sealed = cipher.encrypt(hand_over.model_dump_json(by_alias=False, exclude_defaults=True).encode()).decode()
    if len(sealed) > MOST:
        raise InvalidInput("return_url", "and the other texts are too long together for a browser's cookie")
    return sealed


def _opened(cipher: MultiFernet | None, text: str) -> HandOver | None:
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
