"""Errors in the bodies and statuses that Stripe sends (docs.stripe.com/api/errors)."""

import json
from typing import Any


class StripeFailure(Exception):  # noqa: N818 - named apart from the client library's StripeError
    """An answer that is an error.

    Attributes:
        status: The HTTP status.
        body: The JSON body.
        committed: Whether what the request did until then stays done (a declined charge does).
        saved: Whether the answer is saved under the idempotency key (Stripe saves none for bad parameters).
        headers: Headers to send along.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        committed: bool = False,
        saved: bool = True,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        given = {key: value for key, value in fields.items() if value is not None}
        if "code" in given:
            given["doc_url"] = f"https://docs.stripe.com/error-codes/{given['code'].replace('_', '-')}"
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, **given}}
        self.committed = committed
        self.saved = saved
        self.headers = headers or {}

    def text(self, request_id: str) -> str:
        """Return the body as JSON, with the address of the request's log, which every error carries."""
        return json.dumps({"error": {**self.body["error"], "request_log_url": request_log_url(request_id)}})


def request_log_url(request_id: str) -> str:
    """Return where Stripe's dashboard would show a request (docs.stripe.com/api/errors#errors-request_log_url)."""
    return f"https://dashboard.stripe.com/test/workbench/logs?object={request_id}"


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> StripeFailure:
    """Return a 400 for a request that is well formed but cannot be carried out."""
    return StripeFailure(400, "invalid_request_error", message, code=code, param=param)


def bad_parameter(message: str, *, code: str | None, param: str) -> StripeFailure:
    """Return a 400 for parameters that are wrong before anything ran; it is not saved under the idempotency key."""
    return StripeFailure(400, "invalid_request_error", message, code=code, param=param, saved=False)


def missing_parameter(param: str) -> StripeFailure:
    """Return the 400 of a parameter that must be there."""
    return bad_parameter(f"Missing required param: {param}.", code="parameter_missing", param=param)


def broken() -> StripeFailure:
    """Return the 500 of a defect of the sandbox itself: nothing was done, and nothing is saved."""
    return StripeFailure(
        500, "api_error", "The sandbox failed; this is a defect in it. Its log says more.", saved=False
    )


def missing(what: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeFailure:
    """Return Stripe's "No such …": 404 for an object in the path, 400 for one in a parameter."""
    return StripeFailure(
        status, "invalid_request_error", f"No such {what}: '{object_id}'", code="resource_missing", param=param
    )


def wrong_key(key: str) -> StripeFailure:
    """Return the 401 of a key that Stripe does not know."""
    if not key:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header,"
            " using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    elif key.startswith(("sk_live_", "rk_live_")):
        message = "This is Reprise's Stripe sandbox. It takes test keys (sk_test_…) only: never send it a live key."
    else:
        message = f"Invalid API Key provided: {key[:4]}{'*' * 8}{key[-4:] if len(key) > 12 else ''}"
    return StripeFailure(401, "invalid_request_error", message, saved=False)
