"""What Stripe's errors mean, and which of them reach people."""

from collections.abc import Mapping

import stripe
import structlog

from reprise.errors import RepriseError, Unavailable

log = structlog.get_logger()

REFUSALS = frozenset({400, 401, 402, 403, 404})
"""Statuses by which Stripe refuses a request; any other failure passes, or is not understood."""


def is_transient(error: stripe.StripeError) -> bool:
    """Say whether an error leaves open what happened (R8): unreachable, slow, busy or failing, or not understood.

    Stripe refuses by 400, 401, 402, 403 and 404 with an error object (docs.stripe.com/api/errors). 409 is another
    request under way with the same idempotency key: an earlier try of ours that has not ended. An answer that is no
    JSON of Stripe's, whatever its status, comes from somebody on the way, and so does an error of OAuth.
    """
    return error.http_status not in REFUSALS or not isinstance(error.error, stripe.ErrorObject)


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
    return code_of(error) == "resource_missing" and (named or message_of(error).startswith("No such customer"))


def is_refused_email(error: stripe.StripeError) -> bool:
    """Say whether Stripe refused because of an e-mail (docs.stripe.com/error-codes#email-invalid)."""
    named = getattr(getattr(error, "error", None), "param", None) == "email"
    return error.http_status == 400 and (named or code_of(error) == "email_invalid")


def message_of(error: stripe.StripeError) -> str:
    """Return Stripe's own sentence, without the request id that the library puts before it."""
    body = getattr(error, "error", None)
    return getattr(body, "message", None) or error.user_message or str(error)


class CustomerGone(RepriseError):  # noqa: N818 - named as its code is
    """Stripe has no customer for the account any more: it was deleted there, or never was (R23, R25)."""

    code = "customer_gone"

    def __init__(self) -> None:
        """Say what brings one back."""
        super().__init__(
            "Stripe has no customer for this account any more. Set a payment method (PUT …/payment-method), or wait for"
            " the next payment: a customer that was deleted is registered anew with it."
        )


def unavailable_by(error: stripe.StripeError) -> Unavailable:
    """Return what people are told of an error of Stripe's that is not about what they asked for."""
    if is_transient(error):
        return Unavailable("Stripe cannot be reached. Try again.")
    # For operators alone: it may name what is ours.
    log.error("stripe refused a request", why=message_of(error), stripe_request_id=error.request_id)
    return Unavailable("Stripe refused Reprise's own request; the operators can see why. Try again later.", 300)
