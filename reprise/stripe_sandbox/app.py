"""The sandbox as one application: the API, the pages and the controls, over one store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount

from reprise.stripe_sandbox import control
from reprise.stripe_sandbox.api import StripeApi
from reprise.stripe_sandbox.pages import Pages
from reprise.stripe_sandbox.steering import Steering
from reprise.stripe_sandbox.store import Store
from reprise.stripe_sandbox.webhooks import Deliverer


def create_app(db: Path) -> Starlette:
    """Return the sandbox over the SQLite file `db`, which is made if there is none."""
    store = Store(db)
    deliverer = Deliverer(store)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        delivering = asyncio.create_task(deliverer.run())
        yield
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering
        store.close()

    api = StripeApi(store, deliverer.wake)
    routes = [
        *control.routes(store, deliverer.wake),
        *Steering(store, deliverer.wake).routes(),
        *Pages(store, deliverer.wake).routes(),
        Mount("/", api),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
