"""Operations about what the product is told (R18): what is not delivered, sending it again, tests, on and off."""

from typing import Annotated

from fastapi import APIRouter, Query

from reprise.api.auth import Authorized, PathAccount
from reprise.api.pages import Cursor, cursor_of, token_of
from reprise.api.problems import responses
from reprise.schemas.announcements import (
    AccountBacklog,
    AnnouncementsBody,
    AnnouncementsChange,
    EndpointName,
    EndpointTestBody,
    EndpointTests,
    PendingAnnouncements,
    ResendBody,
)
from reprise.services import ServicesDep
from reprise.workflows.messages import Announcements, ResendAnnouncements

router = APIRouter(prefix="/v1", tags=["operators"])

_OF_ALL = responses(401, 403, 422, 429, 503)
_OF_ONE = responses(401, 403, 404, 409, 422, 429, 503)

Size = Annotated[int, Query(ge=1, le=50)]


@router.get("/announcements/pending", responses=_OF_ALL)
async def list_pending_announcements(
    services: ServicesDep, _: Authorized, endpoint: EndpointName | None = None, limit: Size = 20, cursor: Cursor = None
) -> PendingAnnouncements:
    """List the accounts whose announcements an endpoint does not take, with what waits, since when and why.

    From Temporal's visibility store, a moment late. An endpoint that has failed for less than a few seconds is not
    listed yet.
    """
    page = await services.announcing.pending(endpoint, limit, token_of(cursor))
    following = page.next_page_token
    return PendingAnnouncements(
        accounts=[AccountBacklog(account_id=name, endpoints=those) for name, those in page.accounts.items()],
        next_cursor=cursor_of(following) if following else None,
    )


@router.put("/announcements", status_code=202, responses=_OF_ALL)
async def set_announcements_of_all(
    body: AnnouncementsBody, services: ServicesDep, _: Authorized
) -> AnnouncementsChange:
    """Turn the announcements of every account on or off, from now on: for accounts from before there was an endpoint.

    Done in the background, by a batch job of Temporal's.
    """
    job, accounts = await services.announcing.enable_all(enabled=body.enabled)
    return AnnouncementsChange(job=job, accounts=accounts)


@router.post("/announcements/test", name="test_announcements", responses=_OF_ALL)
async def send_test(services: ServicesDep, _: Authorized, body: EndpointTestBody | None = None) -> EndpointTests:
    """Send a signed test message to each endpoint of the workers' settings; return what each answered.

    Its type is `announcements.test`; it is about no account.
    """
    return await services.announcing.test(body.endpoint if body else None)


@router.get("/accounts/{account_id}/announcements", responses=_OF_ONE)
async def get_announcements(account_id: PathAccount, services: ServicesDep, _: Authorized) -> AccountBacklog:
    """Return how far each endpoint has come with an account's announcements."""
    return AccountBacklog(account_id=account_id, endpoints=await services.accounts.undelivered(account_id))


@router.put("/accounts/{account_id}/announcements", status_code=202, responses=_OF_ONE)
async def set_announcements(
    account_id: PathAccount, body: AnnouncementsBody, services: ServicesDep, _: Authorized
) -> AccountBacklog:
    """Turn an account's announcements on or off, from now on."""
    await services.accounts.announce(account_id, Announcements(enabled=body.enabled))
    return AccountBacklog(account_id=account_id, endpoints=await services.accounts.undelivered(account_id))


@router.post("/accounts/{account_id}/announcements/resend", status_code=202, responses=_OF_ONE)
async def resend_announcements(
    account_id: PathAccount, services: ServicesDep, _: Authorized, body: ResendBody | None = None
) -> AccountBacklog:
    """Send what waits at once, without waiting for the back-off; or everything again, from an entry on.

    The timeline keeps the last 100 entries. With `from_sequence` beyond what an endpoint has taken, what it does not
    take is left out.
    """
    asked = ResendAnnouncements(**dict(body or ResendBody()))
    return AccountBacklog(account_id=account_id, endpoints=await services.announcing.resend(account_id, asked))
