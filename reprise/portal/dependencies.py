"""What the pages ask of a request: its session, its visitor, and that a form comes from our own pages."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Response

from reprise.accounts.client import Accounts
from reprise.accounts.errors import AccountNotFound
from reprise.branding import Branding
from reprise.http import audit
from reprise.http.idempotency import ids_of
from reprise.http.problems import Problem
from reprise.portal.localized import LocalFormat, locale_of
from reprise.services import Services, ServicesDep, services_of
from reprise.sessions.hand_over import HandOver, Seal, is_loopback
from reprise.statemachine.timeline import Actor, ActorKind

COOKIE: Final = "reprise_portal"


def sign_in_needed() -> Problem:
    """Return what is said to a browser without a session."""
    return Problem(401, "sign_in_needed", "You are signed out. Open Profile & Billing from your shop to sign in again.")


def set_cookie(request: Request, response: Response, session: HandOver) -> None:
    """Give the browser its session: for these pages, not for scripts, over TLS wherever there is a network."""
    services = services_of(request)
    response.set_cookie(
        COOKIE,
        services.seal.session(session),
        max_age=int(timedelta(seconds=session.expires - time.time()).total_seconds()),
        path="/portal",
        secure=not is_loopback(str(services.settings.public_url or request.base_url)),
        httponly=True,
        samesite="lax",
    )


@dataclass(frozen=True)
class Visitor:
    """Who is looking at an account's pages, and how they like dates and amounts written."""

    services: Services
    session: HandOver
    local: LocalFormat
    branding: Branding = field(default_factory=Branding)

    @property
    def account_id(self) -> str:
        """The account that the session is for; no other is ever shown."""
        return self.session.account_id

    @property
    def accounts(self) -> Accounts:
        """The way to the account."""
        return self.services.accounts

    @property
    def actor(self) -> Actor:
        """The visitor as the timeline names them (R17)."""
        return Actor(kind=ActorKind.USER, id=self.session.user.id)

    def ids_of(self, key: str) -> dict[str, str | None]:
        """Return the id of the command of a form, by the form's key: this visitor's own (R14)."""
        return ids_of(f"portal-{key}", user=self.session.user.id)

    @property
    def forms_token(self) -> str:
        """What this session's forms carry."""
        return self.services.seal.forms_token(self.session.session)


async def signed_in(request: Request, services: ServicesDep) -> HandOver:
    """Return the browser's session.

    Raises:
        Problem: 401: it has none, or it is over.
    """
    cookie = request.cookies.get(COOKIE, "")
    if not cookie:
        raise sign_in_needed()
    audit.note(request, "unknown")
    session = services.seal.session_opened(cookie)
    if session is None:
        raise sign_in_needed()
    asked = request.path_params.get("account_id", session.account_id)
    audit.note(request, "portal", subject=session.user.id, account=asked)
    await services.limits.request(session.user.id, billing=True)
    if not await services.sessions.is_open(session):
        request.state.ended_session = session
        raise sign_in_needed()
    request.state.session = session
    return session


SignedInDep = Annotated[HandOver, Depends(signed_in)]


async def visitor(account_id: str, request: Request, services: ServicesDep, session: SignedInDep) -> Visitor:
    """Let a user with Billing Access to the account in the address through (R19).

    Raises:
        Problem: 404: the address names another account; 403: the user has no Billing Access.
    """
    if session.account_id != account_id:
        raise AccountNotFound
    if not session.user.billing_access:
        raise Problem(403, "billing_access_required", "You have no Billing Access to this account.")
    local = LocalFormat(locale_of(request.headers.get("accept-language", "")))
    return Visitor(services, session, local, session.branding.over(services.settings.branding))


VisitorDep = Annotated[Visitor, Depends(visitor)]


async def form_sender(request: Request, who: VisitorDep) -> Visitor:
    """Let through what one of our own pages sent, and no other site's (CSRF).

    Raises:
        Problem: 403: the form carries no token of this session.
    """
    await check_form(request, who.services.seal, who.session)
    return who


async def check_form(request: Request, seal: Seal, session: HandOver) -> None:
    """Refuse a form that another site made a browser send.

    Raises:
        Problem: 403.
    """
    given = (await request.form()).get("forms_token")
    if not isinstance(given, str) or not seal.is_forms_token(session.session, given):
        detail = "This form is from before you signed in, or not from these pages. Nothing was changed; open it again."
        raise Problem(403, "form_is_foreign", detail)


FormSenderDep = Annotated[Visitor, Depends(form_sender)]
