"""Sessions: signing in by a one-time link, the cookie, forms that only our own pages can send, signing out."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request, Response
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reprise.api import audit
from reprise.api.commands import ids_of
from reprise.api.engine import READ_TIMEOUT, Engine
from reprise.api.limits import RateLimits
from reprise.api.problems import Problem, not_found, unavailable
from reprise.api.revocations import RevocationRecords
from reprise.portal.hand_over import HandOver, Seal, is_loopback
from reprise.portal.localized import Local, locale_of
from reprise.settings import ApiSettings
from reprise.workflows.messages import (
    PORTAL_SESSION,
    TASK_QUEUE,
    Actor,
    ActorKind,
    PortalSessionRun,
    portal_session_id,
    revocation_id,
)

COOKIE = "reprise_portal"

OUTLASTS = 86400.0 + 600
"""Seconds that a revocation of sessions is kept: longer than any session, and the link before it, can last."""


def sign_in_needed() -> Problem:
    """Return what is said to a browser without a session."""
    return Problem(401, "sign_in_needed", "You are signed out. Open Profile & Billing from your shop to sign in again.")


def link_is_spent() -> Problem:
    """Return what is said of a link that signs nobody in any more."""
    detail = "A sign-in link works once, within five minutes. Open Profile & Billing from your shop to get a new one."
    return Problem(410, "link_is_spent", detail)


class PortalSessions:
    """Which sessions are open, known to every API process: each is a workflow that runs while its session lasts."""

    def __init__(self, client: Client, lasts: float) -> None:
        """Take a Temporal client, and the seconds that a session lasts."""
        self._client = client
        self._lasts = lasts
        self._records = RevocationRecords(client)

    async def begin(self, link: HandOver) -> HandOver:
        """Open the session of a one-time link.

        Raises:
            Problem: 410: the link was used before, or revoked; 503: Temporal is out of reach.
        """
        if await self._is_revoked(link):
            raise link_is_spent()
        run = PortalSessionRun(account_id=link.account_id, user_id=link.user.id, seconds=self._lasts)
        try:
            await self._client.start_workflow(
                PORTAL_SESSION,
                run,
                id=portal_session_id(link.session),
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"Session on account {link.account_id}",
                rpc_timeout=READ_TIMEOUT,
            )
        except WorkflowAlreadyStartedError as error:
            raise link_is_spent() from error
        except (RPCError, RuntimeError) as error:
            raise unavailable("Temporal cannot be reached. Try again.") from error
        return link.model_copy(update={"expires": time.time() + self._lasts})

    async def is_open(self, session: HandOver) -> bool:
        """Say whether nobody has signed out of a session, and nobody has revoked it.

        Raises:
            Problem: 503: Temporal is out of reach.
        """
        runs, revoked = await asyncio.gather(self._runs(session.session), self._is_revoked(session))
        return runs and not revoked

    async def _runs(self, session: str) -> bool:
        try:
            handle = self._client.get_workflow_handle(portal_session_id(session))
            description = await handle.describe(rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise unavailable("Temporal cannot be reached. Try again.") from error
        return description.status is WorkflowExecutionStatus.RUNNING

    async def generation(self, account_id: str, user: str) -> tuple[str, str]:
        """Return the generation of a user's sessions on an account: each revocation begins another one.

        It is made of the run ids of two revocations, that of the whole account and that of the user: no clock is
        compared, and a link that is made right after is good.

        Raises:
            Problem: 503: Temporal is out of reach.
        """
        records = (_record(account_id, None), _record(account_id, user))
        account, own = await asyncio.gather(*(self._records.running(each) for each in records))
        return (account.run_id or "" if account else "", own.run_id or "" if own else "")

    async def _is_revoked(self, session: HandOver) -> bool:
        """Say whether a later generation has begun. A revocation that is over began before any session that is open."""
        now = await self.generation(session.account_id, session.user.id)
        return any(then != current for then, current in zip(session.generation, now, strict=True) if current)

    async def revoke(self, account_id: str, user: str | None) -> None:
        """End all sessions of a user on an account, or of everybody, at once and everywhere.

        Raises:
            Problem: 503: Temporal is out of reach.
        """
        whose = "a user's sessions" if user else "all sessions"
        await self._records.begin(_record(account_id, user), f"On account {account_id}, {whose} are ended", OUTLASTS)

    async def end(self, session: str) -> None:
        """Sign out, at once and everywhere. To sign out twice is no fault.

        Raises:
            Problem: 503: Temporal is out of reach.
        """
        try:
            handle = self._client.get_workflow_handle(portal_session_id(session))
            await handle.terminate(reason="signed out", rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
                raise unavailable("Temporal cannot be reached. Try again.") from error


def _record(account_id: str, user: str | None) -> str:
    return revocation_id("sessions", account_id, *([] if user is None else [user]))


@dataclass(frozen=True)
class Portal:
    """What the pages need of this API process."""

    engine: Engine
    sessions: PortalSessions
    seal: Seal
    limits: RateLimits
    settings: ApiSettings

    def set_cookie(self, request: Request, response: Response, session: HandOver) -> None:
        """Give the browser its session: for these pages, not for scripts, over TLS wherever there is a network."""
        response.set_cookie(
            COOKIE,
            self.seal.session(session),
            max_age=int(timedelta(seconds=session.expires - time.time()).total_seconds()),
            path="/portal",
            secure=not is_loopback(str(self.settings.public_url or request.base_url)),
            httponly=True,
            samesite="lax",
        )


def portal_of(request: Request) -> Portal:
    """Return what the pages need of this process."""
    portal: Portal = request.app.state.portal
    return portal


ThePortal = Annotated[Portal, Depends(portal_of)]


@dataclass(frozen=True)
class Visitor:
    """Who is looking at an account's pages, and how they like dates and amounts written."""

    portal: Portal
    session: HandOver
    local: Local

    @property
    def account_id(self) -> str:
        """The account that the session is for; no other is ever shown."""
        return self.session.account_id

    @property
    def engine(self) -> Engine:
        """The accounts' workflows."""
        return self.portal.engine

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
        return self.portal.seal.forms_token(self.session.session)


async def signed_in(request: Request, portal: ThePortal) -> HandOver:
    """Return the browser's session.

    Raises:
        Problem: 401: it has none, or it is over.
    """
    cookie = request.cookies.get(COOKIE, "")
    if not cookie:
        raise sign_in_needed()
    audit.note(request, "unknown")
    session = portal.seal.session_opened(cookie)
    if session is None:
        raise sign_in_needed()
    asked = request.path_params.get("account_id", session.account_id)
    audit.note(request, "portal", subject=session.user.id, account=asked)
    await portal.limits.request(session.user.id, billing=True)
    if not await portal.sessions.is_open(session):
        raise sign_in_needed()
    request.state.session = session
    return session


SignedIn = Annotated[HandOver, Depends(signed_in)]


async def visitor(account_id: str, request: Request, portal: ThePortal, session: SignedIn) -> Visitor:
    """Let a user with Billing Access to the account in the address through (R19).

    Raises:
        Problem: 404: the address names another account; 403: the user has no Billing Access.
    """
    if session.account_id != account_id:
        raise not_found()
    if not session.user.billing_access:
        raise Problem(403, "billing_access_required", "You have no Billing Access to this account.")
    return Visitor(portal, session, Local(locale_of(request.headers.get("accept-language", ""))))


AVisitor = Annotated[Visitor, Depends(visitor)]


async def form_sender(request: Request, who: AVisitor) -> Visitor:
    """Let through what one of our own pages sent, and no other site's (CSRF).

    Raises:
        Problem: 403: the form carries no token of this session.
    """
    await check_form(request, who.portal.seal, who.session)
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


AFormSender = Annotated[Visitor, Depends(form_sender)]
