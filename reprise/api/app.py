"""The API as one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse
from temporalio.client import Client

from reprise.activities.stripe_client import stripe_client
from reprise.api import commands, docs_page, health, problems, reads, revoking, webhooks
from reprise.api.auth import Verifier
from reprise.api.engine import Engine
from reprise.api.json_bodies import sound_json
from reprise.api.keys import Keys
from reprise.api.limits import RateLimits
from reprise.api.middleware import BodyBounds, RequestLog
from reprise.api.revocations import Revocations
from reprise.connection import connect
from reprise.portal import links
from reprise.portal.app import create_portal
from reprise.portal.hand_over import Seal
from reprise.portal.sessions import Portal, PortalSessions
from reprise.settings import ApiSettings

DESCRIPTION = """
Runs the life of subscription accounts. Amounts are integers in the currency's minor unit, instants are UTC. Errors are
problem details with a stable `code`. Send an `Idempotency-Key` with every command: a repeat gets the first answer.
"""


def create_app(settings: ApiSettings, client: Client | None = None) -> FastAPI:
    """Return the API.

    Args:
        settings: Its configuration.
        client: A Temporal client; without one, the application connects by Temporal's environment configuration at the
            first request, so that it starts while Temporal is down.

    Raises:
        ValueError: The settings say neither how to check tokens with a secret nor with a key set, or a limit is none.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        temporal = client or await connect(lazy=True)
        announce = settings.announcements_url is not None
        app.state.engine = Engine(temporal, command_wait=settings.command_wait, announce=announce)
        app.state.revocations = Revocations(temporal)
        app.state.sessions = PortalSessions(temporal, settings.portal_session)
        limits: RateLimits = app.state.limits
        portal.state.portal = Portal(app.state.engine, app.state.sessions, app.state.seal, limits, settings)
        async with stripe_client(settings) as to_stripe:
            app.state.stripe = portal.state.stripe = to_stripe
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
    )
    app.state.settings = settings
    app.state.keys = Keys(settings)
    app.state.limits = RateLimits(settings)
    app.state.verifier = Verifier(settings, app.state.keys)
    app.state.seal = Seal(app.state.keys)
    portal = create_portal()
    problems.install(app)
    for part in (health, webhooks):
        app.include_router(part.router)
    for part in (reads, commands, links, revoking):
        app.include_router(part.router, dependencies=[Depends(sound_json)])
    app.add_api_route("/portal", _to_the_pages, include_in_schema=False)
    app.mount("/portal", portal)
    if settings.jwks_url is None if settings.docs is None else settings.docs:
        docs_page.install(app)
    problems.document(app)
    app.add_middleware(BodyBounds, most=settings.max_body, within=settings.body_timeout)
    over_tls = settings.public_url is not None and settings.public_url.scheme == "https"
    app.add_middleware(RequestLog, over_tls=over_tls)
    return app


async def _to_the_pages() -> RedirectResponse:
    return RedirectResponse("/portal/", 308)
