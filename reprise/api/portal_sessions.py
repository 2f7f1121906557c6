"""What the product's backend asks of the pages: links that sign users in, and the end of their sessions."""

import secrets
import time

from fastapi import APIRouter, Request

from reprise.api.auth import Authorized, PathAccount
from reprise.api.problems import responses
from reprise.branding import Branding
from reprise.schemas.api import PortalUrl
from reprise.services import ServicesDep
from reprise.sessions.hand_over import LINK_LASTS, HandOver, PortalSessionBody, RevokeSessionsBody, public_base

router = APIRouter(prefix="/v1/accounts")


@router.post(
    "/{account_id}/portal-sessions",
    name="create_portal_session",
    tags=["operators"],
    responses=responses(401, 403, 404, 422, 429, 501, 503),
)
async def portal_session(
    account_id: PathAccount,
    body: PortalSessionBody,
    services: ServicesDep,
    request: Request,
    _: Authorized,
) -> PortalUrl:
    """Return a link that signs a user in to Profile & Billing: send the browser there. One use, within five minutes.

    A user who has no Billing Access any more loses the sessions that they began with it, at once.
    """
    await services.accounts.describe(account_id)
    if not body.user.billing_access:
        await services.sessions.revoke(account_id, body.user.id)
    hand_over = HandOver(
        session=secrets.token_urlsafe(18),
        account_id=account_id,
        user=body.user,
        return_url=str(body.return_url) if body.return_url else None,
        ask=body.ask,
        branding=Branding.model_validate(body.model_dump(include=set(Branding.model_fields), exclude_none=True)),
        expires=time.time() + LINK_LASTS,
        generation=await services.sessions.generation(account_id, body.user.id),
    )
    base = public_base(request, services.settings)
    return PortalUrl(url=f"{base}/portal/sign-in/{services.seal.link(hand_over)}")


@router.post(
    "/{account_id}/portal-sessions/revoke",
    status_code=204,
    tags=["operators"],
    responses=responses(401, 403, 404, 422, 429, 503),
)
async def revoke_portal_sessions(
    account_id: PathAccount,
    services: ServicesDep,
    _: Authorized,
    body: RevokeSessionsBody | None = None,
) -> None:
    """End the sessions of one user, or of everybody, on this account, at once; links not used yet end with them."""
    await services.accounts.describe(account_id)
    await services.sessions.revoke(account_id, body.user if body else None)
