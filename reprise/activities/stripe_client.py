"""The one way to a Stripe client, and what its errors mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import stripe

from reprise.settings import StripeSettings


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
    http = stripe.HTTPXClient(timeout=settings.stripe_timeout)
    try:
        yield stripe.StripeClient(
            settings.stripe_api_key.get_secret_value(),
            base_addresses=base,  # type: ignore[arg-type] # a TypedDict whose keys are all optional
            http_client=http,
            max_network_retries=settings.stripe_retries,
        )
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


def is_passing(error: stripe.StripeError) -> bool:
    """Say whether Stripe was unreachable, slow, busy or failing (R8): the outcome is unknown, and will be known later.

    409 is another request under way with the same idempotency key: an earlier try of ours that has not ended.
    """
    status = error.http_status
    return status is None or status >= 500 or status in {409, 429}


def code_of(error: stripe.StripeError) -> str | None:
    """Return the error's code. On several classes it stands only in the body (stripe 16.1)."""
    body = getattr(error, "error", None)
    return getattr(body, "code", None) or error.code


def decline_code_of(error: stripe.StripeError) -> str | None:
    """Return the decline code of a card error."""
    return getattr(getattr(error, "error", None), "decline_code", None)


def sentence_of(error: stripe.StripeError) -> str:
    """Return Stripe's own sentence, without the request id that the library puts before it."""
    body = getattr(error, "error", None)
    return getattr(body, "message", None) or error.user_message or str(error)


def metadata_of(document: Any) -> dict[str, str]:
    """Return an object's metadata as a dictionary. Stripe's objects are none (stripe 16.1)."""
    metadata = document.metadata
    return {} if metadata is None else dict(metadata.to_dict())
