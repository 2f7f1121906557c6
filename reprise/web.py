"""The API and the pages as one ASGI application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse
from temporalio.client import Client

from reprise.accounts.announcing import Announcing
from reprise.accounts.client import Accounts
from reprise.api import (
    announced,
    announcements,
    commands,
    docs_page,
    examples,
    health,
    permissions,
    portal_sessions,
    problems,
    reads,
    reconciliations,
    restoring,
    token_revocations,
    webhooks,
)
from reprise.api.sound_requests import sound_request
from reprise.http.keys import Keys
from reprise.http.limits import RateLimits
from reprise.http.middleware import BodyBounds, RequestLog
from reprise.http.tokens import Verifier
from reprise.portal.app import create_portal
from reprise.reconciliation.client import Reconciliations
from reprise.services import Services
from reprise.sessions.hand_over import Seal
from reprise.sessions.portal_sessions import PortalSessions
from reprise.sessions.revocations import Revocations
from reprise.settings import ApiSettings
from reprise.stripe_api.billing_details import BillingDetailsReader
from reprise.stripe_api.client import stripe_client
from reprise.temporal.connection import connect

DESCRIPTION = """
Runs the life of subscription accounts. Amounts are integers in the currency's minor unit, instants are UTC. Errors are
problem details with a stable `code`. Send an `Idempotency-Key` with every command: a repeat gets the first answer.
"""

TAGS = {
    "billing": "What users with Billing Access may ask of their own accounts, and operators of all.",
    "operators": "For those who run the service; some of it for the product's backend as well.",
    "webhooks": "What Stripe calls.",
    "announcements": "What Reprise calls: the product's own endpoints, signed by Standard Webhooks.",
    "health": "Is the process alive, and can it do its work?",
}


def create_app(settings: ApiSettings, client: Client | None = None) -> FastAPI:
    """Return the API, with the pages mounted at `/portal`.

    Args:
        settings: Its configuration.
        client: A Temporal client; without one, the application connects by Temporal's environment configuration at the
            first request, so that it starts while Temporal is down.

    Raises:
        ValueError: The settings say neither how to check tokens with a secret nor with a key set, or a limit is none.
    """
    keys, limits = Keys(settings), RateLimits(settings)
    verifier = Verifier(settings, keys)
    portal = create_portal(with_gallery=_in_development(settings, settings.gallery))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        temporal = client or await connect(lazy=True)
        accounts = Accounts(temporal, command_wait=settings.command_wait, announce=settings.announces)
        async with stripe_client(settings) as to_stripe:
            app.state.services = portal.state.services = Services(
                settings=settings,
                keys=keys,
                limits=limits,
                verifier=verifier,
                seal=Seal(keys),
                accounts=accounts,
                announcing=Announcing(temporal, accounts),
                sessions=PortalSessions(temporal, settings.portal_session),
                revocations=Revocations(temporal),
                reconciliations=Reconciliations(temporal),
                stripe=to_stripe,
                billing_details=BillingDetailsReader(to_stripe),
            )
            yield
        await limits.close()

    app = FastAPI(
        title="Reprise",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=[{"name": name, "description": said} for name, said in TAGS.items()],
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app)
    for part in (health, webhooks):
        app.include_router(part.router)
    for part in (reads, commands, announcements, restoring, reconciliations, portal_sessions, token_revocations):
        app.include_router(part.router, dependencies=[Depends(sound_request)])
    app.add_api_route("/portal", _to("/portal/", 308), include_in_schema=False)
    app.mount("/portal", portal)
    has_docs = _in_development(settings, settings.docs)
    if has_docs:
        docs_page.install(app)
    app.add_api_route("/", _to("/docs" if has_docs else "/openapi.json", 307), include_in_schema=False)
    permissions.document(app)
    announced.document(app)
    problems.document(app)
    examples.document(app)
    larger = {restoring.PATH: settings.max_record}
    app.add_middleware(BodyBounds, most=settings.max_body, within=settings.body_timeout, larger=larger)
    over_tls = settings.public_url is not None and settings.public_url.scheme == "https"
    app.add_middleware(RequestLog, over_tls=over_tls)
    return app


def _to(path: str, status: int) -> Callable[[], Awaitable[RedirectResponse]]:
    async def lead_there() -> RedirectResponse:
        return RedirectResponse(path, status)

    return lead_there


def _in_development(settings: ApiSettings, chosen: bool | None) -> bool:  # noqa: FBT001 - what a setting says
    """Say whether something is served that is for who builds with Reprise: as chosen, else where tokens are our own."""
    return settings.jwks_url is None if chosen is None else chosen
