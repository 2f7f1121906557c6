"""Every code of an error over HTTP: when it comes, and what to do. The table in docs/errors.md is written from here."""

from typing import Final, NamedTuple


class ProblemKind(NamedTuple):
    """One code: the statuses that it comes with, when, and what the caller does about it."""

    code: str
    statuses: tuple[int, ...]
    when: str
    remedy: str


PROBLEMS: Final = (
    ProblemKind(
        "invalid_request",
        (422,),
        "An input is wrong. `errors` names each field; for a body that is no JSON, the line and the column.",
        "Correct what is named. Nothing was recorded.",
    ),
    ProblemKind(
        "unsupported_media_type",
        (415,),
        "The body does not say that it is JSON.",
        "Send it with the header `Content-Type: application/json`.",
    ),
    ProblemKind(
        "unauthorized",
        (401,),
        "There is no token, or it is not valid: `detail` and the header `WWW-Authenticate` say why.",
        "Send a valid token: `Authorization: Bearer …`. One that has expired is renewed where it was issued.",
    ),
    ProblemKind(
        "billing_access_required",
        (403,),
        "The token is for this account, and lacks the scope `billing`.",
        "Have somebody with Billing Access grant it to the user.",
    ),
    ProblemKind(
        "operator_required",
        (403,),
        "The operation is for those who run the service.",
        "Use a token with the scope that the operation asks for.",
    ),
    ProblemKind(
        "insufficient_scope",
        (403,),
        "The operator's token lacks the scope that `scope` names.",
        "Ask for a token that has it.",
    ),
    ProblemKind(
        "account_not_found",
        (404,),
        "There is no such account, or it is not the caller's.",
        "Check the id, and the token's `accounts`.",
    ),
    ProblemKind("not_found", (404,), "No operation has this path.", "See `/openapi.json`."),
    ProblemKind(
        "method_not_allowed",
        (405,),
        "The path has no such method.",
        "Use one that the header `Allow` names.",
    ),
    ProblemKind(
        "account_exists",
        (409,),
        "An account with this id exists, or has existed: an id is taken for good.",
        "Choose another id. To repeat an opening, send it with the same `Idempotency-Key`.",
    ),
    ProblemKind(
        "already_in_service",
        (409,),
        "The account is in service: there is nothing to bring back.",
        "Nothing. Look at the account.",
    ),
    ProblemKind(
        "not_in_service",
        (409,),
        "The account is out of service, and the command is for one in service.",
        "Reactivate it first.",
    ),
    ProblemKind(
        "payment_in_progress",
        (409,),
        "A payment of the account is under way or open, which the command would cross.",
        "Wait for its outcome (`payment.status`), then decide again.",
    ),
    ProblemKind(
        "disabled_by_operator",
        (409,),
        "An operator has taken the account out of service.",
        "Only an operator brings it back (`enable`).",
    ),
    ProblemKind(
        "quote_changed",
        (409,),
        "Reactivating costs another amount than `expected_amount`. Nothing was charged.",
        "Show the payer the `quote` in the answer, and send its amount.",
    ),
    ProblemKind(
        "state_changed",
        (409,),
        "The account stands otherwise than the command expected. Nothing was cancelled.",
        "Look at the account, and decide again.",
    ),
    ProblemKind("account_closed", (409,), "The account is closed for good.", "Open a new one, under another id."),
    ProblemKind(
        "account_stopped",
        (409,),
        "The account's workflow was ended from outside. Reads and `/access` still answer.",
        "An operator takes it up again (`restore`).",
    ),
    ProblemKind(
        "account_running",
        (409,),
        "The account's workflow runs: there is nothing to restore.",
        "Nothing. Look at the account.",
    ),
    ProblemKind(
        "record_unreadable",
        (409,),
        "The last record of an account whose workflow has ended cannot be had from Temporal.",
        "Restore it with `record`, from an export, or `from_run_start`.",
    ),
    ProblemKind(
        "record_outdated",
        (409,),
        "Temporal has a newer record of the account than the one that was sent.",
        "Restore it without `record`.",
    ),
    ProblemKind(
        "reconciliation_not_found",
        (404,),
        "There is no such reconciliation, or it is over and forgotten.",
        "Check the id, or begin another.",
    ),
    ProblemKind(
        "reconciliation_running",
        (409,),
        "Another reconciliation is running.",
        "Look at that one, and begin another once it is over.",
    ),
    ProblemKind(
        "customer_gone",
        (409,),
        "The account's customer was deleted at Stripe.",
        "Set a payment method: the customer is registered anew.",
    ),
    ProblemKind(
        "idempotency_key_reused",
        (409,),
        "The `Idempotency-Key` was used for a request with other content.",
        "Use a new key for each command.",
    ),
    ProblemKind(
        "payment_declined",
        (402,),
        "The payment was declined; `decline_code` is Stripe's. Nothing was charged.",
        "Another payment method, then the command again under a new key.",
    ),
    ProblemKind(
        "no_payment_method",
        (402,),
        "The customer has no payment method. Nothing was charged.",
        "`PUT …/payment-method`, then the command again under a new key.",
    ),
    ProblemKind(
        "too_many_commands",
        (429,),
        "The account has had too many commands at once. Nothing was changed.",
        "The same key again, after `Retry-After`.",
    ),
    ProblemKind(
        "too_many_requests",
        (429,),
        "Too many requests of this caller, on this account or from this address. Nothing was changed.",
        "The same key again, after `Retry-After`.",
    ),
    ProblemKind(
        "engine_unavailable",
        (503,),
        "Temporal, a worker or Stripe is out of reach. Nothing is known to be done.",
        "The same key again, after `Retry-After`: it is taken once.",
    ),
    ProblemKind(
        "payment_stopped",
        (503,),
        "Stripe refused Reprise's own request. Nothing was charged, and operators see why.",
        "Later, under a new key.",
    ),
    ProblemKind(
        "portal_not_configured",
        (501,),
        "The Profile & Billing pages have no secret.",
        "Set `REPRISE_PORTAL_SECRET`.",
    ),
    ProblemKind(
        "invalid_signature",
        (400,),
        "A webhook is not signed by Stripe with a secret that is known here.",
        "Check `STRIPE_WEBHOOK_SECRET`.",
    ),
    ProblemKind(
        "ambiguous_length",
        (400,),
        "`Content-Length` and `Transfer-Encoding` contradict each other.",
        "Send one of them.",
    ),
    ProblemKind("body_too_slow", (408,), "The body was not complete in time.", "Send it again, faster."),
    ProblemKind("body_too_large", (413,), "The body is larger than is read here.", "Send less."),
    ProblemKind("http_error", (400,), "The request is no HTTP that is understood here.", "See `detail`."),
    ProblemKind(
        "internal_error",
        (500,),
        "Something went wrong here, and has been logged under the answer's `X-Request-Id`.",
        "The same key again; tell the operators if it stays so.",
    ),
)
"""Stable: programs decide by the codes. A code that is said anywhere and is missing here fails the tests."""

CODES: Final = tuple(each.code for each in PROBLEMS)
