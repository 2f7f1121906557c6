"""The client of Stripe, and what is read from an answer before anything is concluded from it."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import stripe

from reprise.settings import StripeSettings
from reprise.stripe_api.requests import LoggedRequests

NOT_UNDERSTOOD = "Stripe's answer is not one that Reprise understands."

_FIELDS = {
    "invoice": ("id", "status", "currency", "total", "amount_due", "starting_balance", "lines"),
    "list": ("data", "has_more"),
    "search_result": ("data", "has_more"),
    "charge": ("id", "payment_intent"),
    "billing_portal.session": ("id", "url"),
}
"""What must be in an answer before anything is concluded from it."""

Answer = TypeVar("Answer", bound=stripe.StripeObject)


def invoice_pages(settings: StripeSettings) -> str:
    """Return where operators see an invoice, but for its id: in Stripe's dashboard, or on the sandbox's pages."""
    if settings.stripe_url is not None:
        return f"{str(settings.stripe_url).rstrip('/')}/_sandbox/invoices/"
    is_test = settings.stripe_api_key.get_secret_value().startswith(("sk_test_", "rk_test_"))
    return f"https://dashboard.stripe.com/{'test/' if is_test else ''}invoices/"


@asynccontextmanager
async def stripe_client(settings: StripeSettings) -> AsyncIterator[stripe.StripeClient]:
    """Open an asynchronous client of Stripe, or of the sandbox that `stripe_url` names.

    Its time-outs and retries are set on purpose: the library's own are 80 seconds and none. A client belongs to the
    event loop that first uses it.
    """
    stripe.enable_telemetry = False
    base: dict[str, str] = {}
    if settings.stripe_url is not None:
        base["api"] = str(settings.stripe_url).rstrip("/")
    # Without encryption there is no certificate to verify; the library would load all that it trusts for each client.
    encrypted = settings.stripe_url is None or settings.stripe_url.scheme == "https"
    http = LoggedRequests(timeout=settings.stripe_timeout, verify_ssl_certs=encrypted)
    try:
        yield stripe.StripeClient(
            settings.stripe_api_key.get_secret_value(),
            base_addresses=base,  # type: ignore[arg-type] # a TypedDict whose keys are all optional
            http_client=http,
            max_network_retries=settings.stripe_retries,
        )
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


async def understood(answer: Awaitable[Answer]) -> Answer:
    """Return what Stripe answers, if it is what was asked for.

    Raises:
        stripe.StripeError: Stripe's own; or a transient one (`is_transient`), for an answer that makes no sense:
            nothing may be concluded from it, and it is no defect of ours.
    """
    try:
        found = await answer
    except (AttributeError, KeyError, TypeError) as error:  # the library's, on errors in no shape of Stripe's (16.1)
        raise stripe.APIError(NOT_UNDERSTOOD) from error
    kind: Any = getattr(found, "object", None)
    needed = ("id",) if getattr(found, "deleted", False) else _FIELDS.get(kind, ("id",))
    if kind is None or any(name not in found for name in needed):
        raise stripe.APIError(NOT_UNDERSTOOD)
    return found


def metadata_of(document: Any) -> dict[str, str]:
    """Return an object's metadata as a dictionary. Stripe's objects are none (stripe 16.1)."""
    metadata = document.metadata
    return {} if metadata is None else dict(metadata.to_dict())
