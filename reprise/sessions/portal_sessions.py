"""Sessions on the pages, known to every API process: each is a workflow that runs while its session lasts."""

import asyncio
import time
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.reading import READ_TIMEOUT
from reprise.errors import Unavailable
from reprise.http.problems import Problem
from reprise.sessions.hand_over import HandOver
from reprise.sessions.revocations import RevocationRecords
from reprise.workflows.messages import (
    PORTAL_SESSION,
    TASK_QUEUE,
    PortalSessionRun,
    portal_session_id,
    revocation_id,
)

OUTLASTS: Final = 86400.0 + 600
"""Seconds that a revocation of sessions is kept: longer than any session, and the link before it, can last."""


def link_is_spent() -> Problem:
    """Return what is said of a link that signs nobody in any more."""
    detail = "A sign-in link works once, within five minutes. Open Profile & Billing from your shop to get a new one."
    return Problem(410, "link_is_spent", detail)


class PortalSessions:
    """Which sessions are open."""

    def __init__(self, client: Client, lasts: float) -> None:
        """Take a Temporal client, and the seconds that a session lasts."""
        self._client = client
        self._lasts = lasts
        self._records = RevocationRecords(client)

    async def begin(self, link: HandOver) -> HandOver:
        """Open the session of a one-time link.

        Raises:
            Problem: 410: the link was used before, or revoked.
            Unavailable: Temporal is out of reach.
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
            raise Unavailable("Temporal cannot be reached. Try again.") from error
        return link.model_copy(update={"expires": time.time() + self._lasts})

    async def is_open(self, session: HandOver) -> bool:
        """Say whether nobody has signed out of a session, and nobody has revoked it.

        Raises:
            Unavailable: Temporal is out of reach.
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
            raise Unavailable("Temporal cannot be reached. Try again.") from error
        return description.status is WorkflowExecutionStatus.RUNNING

    async def generation(self, account_id: str, user: str) -> tuple[str, str]:
        """Return the generation of a user's sessions on an account: each revocation begins another one.

        It is made of the run ids of two revocations, that of the whole account and that of the user: no clock is
        compared, and a link that is made right after is good.

        Raises:
            Unavailable: Temporal is out of reach.
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
            Unavailable: Temporal is out of reach.
        """
        whose = "a user's sessions" if user else "all sessions"
        await self._records.begin(_record(account_id, user), f"On account {account_id}, {whose} are ended", OUTLASTS)

    async def end(self, session: str) -> None:
        """Sign out, at once and everywhere. To sign out twice is no fault.

        Raises:
            Unavailable: Temporal is out of reach.
        """
        try:
            handle = self._client.get_workflow_handle(portal_session_id(session))
            await handle.terminate(reason="signed out", rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
                raise Unavailable("Temporal cannot be reached. Try again.") from error


def _record(account_id: str, user: str | None) -> str:
    return revocation_id("sessions", account_id, *([] if user is None else [user]))
