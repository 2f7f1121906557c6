"""The sandbox as one application: the API, the pages and the controls, over one store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from reprise.stripe_sandbox import control
from reprise.stripe_sandbox.api import StripeApi
from reprise.stripe_sandbox.callers import OwnCallersOnly
from reprise.stripe_sandbox.pages import Pages
from reprise.stripe_sandbox.steering import Steering
from reprise.stripe_sandbox.store import Store
from reprise.stripe_sandbox.webhooks import Deliverer


def create_app(db: Path, names: Iterable[str] = ()) -> Starlette:
    """Return the sandbox.

    Args:
        db: Its SQLite file, which is made if there is none.
        names: By which names it is reached, beside those that every machine calls itself by.

    Raises:
        StoreSpoilt: The file is none of the sandbox's, or cannot be used.
    """
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
    guard = Middleware(OwnCallersOnly, names=frozenset(names))
    return Starlette(routes=routes, lifespan=lifespan, middleware=[guard])
