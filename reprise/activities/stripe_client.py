"""The one way to a Stripe client, and what its errors mean."""

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import stripe

from reprise.activities.stripe_requests import LoggedRequests
from reprise.settings import StripeSettings

REFUSALS = frozenset({400, 401, 402, 403, 404})
"""Statuses by which Stripe refuses a request; any other failure passes, or is not understood."""

NOT_UNDERSTOOD = "Stripe's answer is not one that Reprise understands."

_FIELDS = {
    "invoice": ("id", "status", "currency", "total", "amount_due", "starting_balance", "lines"),
    "list": ("data", "has_more"),
}
"""What must be in an answer before anything is concluded from it."""

Answer = TypeVar("Answer", bound=stripe.StripeObject)


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
    http = LoggedRequests(timeout=settings.stripe_timeout)
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
        stripe.StripeError: Stripe's own; or one that passes (`is_passing`), for an answer that makes no sense: nothing
            may be concluded from it, and it is no defect of ours.
    """
    try:
        found = await answer
    except (AttributeError, KeyError, TypeError) as error:  # the library's, on errors in no shape of Stripe's (16.1)
        raise stripe.APIError(NOT_UNDERSTOOD) from error
    kind = getattr(found, "object", None)
    needed = ("id",) if getattr(found, "deleted", False) else _FIELDS.get(kind or "", ("id",))
    if kind is None or any(name not in found for name in needed):
        raise stripe.APIError(NOT_UNDERSTOOD)
    return found


def is_passing(error: stripe.StripeError) -> bool:
    """Say whether an error leaves open what happened (R8): unreachable, slow, busy or failing, or not understood.

    Stripe refuses by 400, 401, 402, 403 and 404 with an error object (docs.stripe.com/api/errors). 409 is another
    request under way with the same idempotency key: an earlier try of ours that has not ended. An answer that is no
    JSON of Stripe's, whatever its status, comes from somebody on the way.
    """
    return error.http_status not in REFUSALS or error.error is None


def is_saved(error: stripe.StripeError) -> bool:
    """Say whether an error may be an older request's: one that Stripe has saved under the idempotency key and replays,
    or the refusal of a key that was used for something else (docs.stripe.com/api/idempotent_requests).
    """  # noqa: D205 - one thought
    return _replayed(error.headers) or isinstance(error, stripe.IdempotencyError)


def was_replayed(answer: stripe.StripeObject) -> bool:
    """Say whether an answer is one that Stripe has saved: how things were then."""
    return answer.last_response is not None and _replayed(answer.last_response.headers)


def _replayed(headers: Mapping[str, str] | None) -> bool:
    return headers is not None and headers.get("idempotent-replayed") == "true"


def code_of(error: stripe.StripeError) -> str | None:
    """Return the error's code. On several classes it stands only in the body (stripe 16.1)."""
    body = getattr(error, "error", None)
    return getattr(body, "code", None) or error.code


def decline_code_of(error: stripe.StripeError) -> str | None:
    """Return the decline code of a card error."""
    return getattr(getattr(error, "error", None), "decline_code", None)


def advice_of(error: stripe.StripeError) -> str | None:
    """Return the card issuer's advice, if it gave one (docs.stripe.com/declines/card#retrying-issuer-declines)."""
    return getattr(getattr(error, "error", None), "advice_code", None)


def is_missing_customer(error: stripe.StripeError) -> bool:
    """Say whether Stripe refused because it has no such customer, or has it no more."""
    named = getattr(getattr(error, "error", None), "param", None) == "customer"
    return code_of(error) == "resource_missing" and (named or sentence_of(error).startswith("No such customer"))


def is_refused_email(error: stripe.StripeError) -> bool:
    """Say whether Stripe refused because of an e-mail (docs.stripe.com/error-codes#email-invalid)."""
    named = getattr(getattr(error, "error", None), "param", None) == "email"
    return error.http_status == 400 and (named or code_of(error) == "email_invalid")


def sentence_of(error: stripe.StripeError) -> str:
    """Return Stripe's own sentence, without the request id that the library puts before it."""
    body = getattr(error, "error", None)
    return getattr(body, "message", None) or error.user_message or str(error)


def metadata_of(document: Any) -> dict[str, str]:
    """Return an object's metadata as a dictionary. Stripe's objects are none (stripe 16.1)."""
    metadata = document.metadata
    return {} if metadata is None else dict(metadata.to_dict())
