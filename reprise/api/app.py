"""The API as one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse
from temporalio.client import Client

from reprise.activities.stripe_client import stripe_client
from reprise.api import commands, health, problems, reads, webhooks
from reprise.api.auth import Verifier
from reprise.api.engine import Engine
from reprise.api.json_bodies import sound_json
from reprise.api.middleware import BodyBounds, RequestLog
from reprise.connection import connect
from reprise.portal import hand_over
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
        ValueError: The settings say neither how to check tokens with a secret nor with a key set.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        temporal = client or await connect(lazy=True)
        announce = settings.announcements_url is not None
        app.state.engine = Engine(temporal, command_wait=settings.command_wait, announce=announce)
        sessions = PortalSessions(temporal, settings.portal_session)
        portal.state.portal = Portal(app.state.engine, sessions, app.state.seal, settings)
        async with stripe_client(settings) as to_stripe:
            app.state.stripe = portal.state.stripe = to_stripe
            yield

    app = FastAPI(
        title="Reprise", version="1", description=DESCRIPTION, lifespan=lifespan, redoc_url=None, redirect_slashes=False
    )
    app.state.settings = settings
    app.state.verifier = Verifier(settings)
    app.state.seal = Seal(settings)
    portal = create_portal()
    problems.install(app)
    for part in (health, webhooks):
        app.include_router(part.router)
    for part in (reads, commands, hand_over):
        app.include_router(part.router, dependencies=[Depends(sound_json)])
    app.add_api_route("/portal", _to_the_pages, include_in_schema=False)
    app.mount("/portal", portal)
    problems.document(app)
    app.add_middleware(BodyBounds, most=settings.max_body, within=settings.body_timeout)
    app.add_middleware(RequestLog)
    return app


async def _to_the_pages() -> RedirectResponse:
    return RedirectResponse("/portal/", 308)
