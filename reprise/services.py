"""What one API process is made of."""

from dataclasses import dataclass
from typing import Annotated

import stripe
from fastapi import Depends, Request

from reprise.accounts.announcing import Announcing
from reprise.accounts.client import Accounts
from reprise.http.keys import Keys
from reprise.http.limits import RateLimits
from reprise.http.tokens import Verifier
from reprise.reconciliation.client import Reconciliations
from reprise.sessions.hand_over import Seal
from reprise.sessions.portal_sessions import PortalSessions
from reprise.sessions.revocations import Revocations
from reprise.settings import ApiSettings
from reprise.stripe_api.billing_details import BillingDetailsReader


@dataclass(frozen=True)
class Services:
    """What the API and the pages answer with; made once, when the process starts (`web.py`)."""

    settings: ApiSettings
    keys: Keys
    limits: RateLimits
    verifier: Verifier
    seal: Seal
    accounts: Accounts
    announcing: Announcing
    sessions: PortalSessions
    revocations: Revocations
    reconciliations: Reconciliations
    stripe: stripe.StripeClient
    billing_details: BillingDetailsReader


def services_of(request: Request) -> Services:
    """Return the services of this process."""
    services: Services = request.app.state.services
    return services


async def _services(request: Request) -> Services:
    return services_of(request)


# A dependency that is no coroutine is asked for in a thread of its own (`fastapi.dependencies.utils`).
ServicesDep = Annotated[Services, Depends(_services)]
