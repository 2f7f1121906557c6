"""What the product's backend asks of the pages: links that sign users in, and the end of their sessions."""

import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from reprise.api.auth import Backend, PathAccount
from reprise.api.commands import TheEngine
from reprise.api.problems import responses
from reprise.api.schemas import PortalUrl
from reprise.portal.hand_over import LINK_LASTS, HandOver, PortalSessionBody, RevokeSessionsBody, Seal, public_base
from reprise.portal.sessions import PortalSessions

router = APIRouter(prefix="/v1/accounts")


def sessions_of(request: Request) -> PortalSessions:
    """Return the sessions of this process."""
    sessions: PortalSessions = request.app.state.sessions
    return sessions


TheSessions = Annotated[PortalSessions, Depends(sessions_of)]


@router.post(
    "/{account_id}/portal-sessions", tags=["operators"], responses=responses(401, 403, 404, 422, 429, 501, 503)
)
async def portal_session(
    account_id: PathAccount,
    body: PortalSessionBody,
    engine: TheEngine,
    sessions: TheSessions,
    request: Request,
    _: Backend,
) -> PortalUrl:
    """Return a link that signs a user in to Profile & Billing: send the browser there. One use, within five minutes.

    A user who has no Billing Access any more loses the sessions that they began with it, at once.
    """
    await engine.describe(account_id)
    seal: Seal = request.app.state.seal
    if not body.user.billing_access:
        await sessions.revoke(account_id, body.user.id)
    hand_over = HandOver(
        session=secrets.token_urlsafe(18),
        account_id=account_id,
        user=body.user,
        return_url=str(body.return_url) if body.return_url else None,
        ask=body.ask,
        expires=time.time() + LINK_LASTS,
        generation=await sessions.generation(account_id, body.user.id),
    )
    base = public_base(request, request.app.state.settings)
    return PortalUrl(url=f"{base}/portal/sign-in/{seal.link(hand_over)}")


@router.post(
    "/{account_id}/portal-sessions/revoke",
    status_code=204,
    tags=["operators"],
    responses=responses(401, 403, 404, 422, 429, 503),
)
async def revoke_portal_sessions(
    account_id: PathAccount,
    engine: TheEngine,
    sessions: TheSessions,
    _: Backend,
    body: RevokeSessionsBody | None = None,
) -> None:
    """End the sessions of one user, or of everybody, on this account, at once; links not used yet end with them."""
    await engine.describe(account_id)
    await sessions.revoke(account_id, body.user if body else None)
