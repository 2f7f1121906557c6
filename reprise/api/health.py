"""Is the process alive, and can it do its work?"""

from fastapi import APIRouter

from reprise.api.dependencies import AccountsDep
from reprise.api.problems import responses
from reprise.errors import Unavailable
from reprise.schemas.api import Health, Readiness

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process is alive."""
    return Health()


@router.get("/readyz", responses=responses(503))
async def readyz(accounts: AccountsDep) -> Readiness:
    """Say whether Temporal answers and a worker polls for accounts."""
    workers = await accounts.workers()
    if not workers:
        raise Unavailable("No worker polls for accounts.")
    return Readiness(workers=workers)
