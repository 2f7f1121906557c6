"""Every operation of the HTTP contract, as a function that returns its request. Nothing is sent here.

Their words are those of the API: paths, fields and codes. What is None is left to the API's own default. Instants carry
their zone, amounts are in minor units. Who may do what is in docs/security.md (R19).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from reprise.client.requests import (
    CommandResult,
    Page,
    Request,
    account_path,
    commanding,
    nothing,
    posting,
    read_as,
    reading,
    sent,
)
from reprise.schemas.accounts import AccountView
from reprise.schemas.announcements import AccountBacklog, AnnouncementsChange, EndpointTests, PendingAnnouncements
from reprise.schemas.api import (
    Access,
    AccountCount,
    AccountList,
    AccountSummary,
    PortalUrl,
    Readiness,
    Timeline,
)
from reprise.schemas.invoices import InvoiceList, InvoiceView
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.schemas.reconciliations import ReconciliationBegun, ReconciliationView
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.commands import Feedback
from reprise.statemachine.money import Plan
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.quotes import Quote
from reprise.statemachine.timeline import TimelineEntry

PlanGiven = Plan | Mapping[str, Any]
"""A plan: `{"currency": "usd", "unit_amount": 2500}`."""

# ---------------------------------------------------------------- accounts


def open_account(
    account_id: str,
    *,
    email: str,
    carts: int,
    plan: PlanGiven,
    timezone: str | None = None,
    paid_through: datetime | None = None,
    payment_method: str | None = None,
    policy: BillingPolicy | Mapping[str, Any] | None = None,
    anchor: datetime | None = None,
    customer_id: str | None = None,
    opened_at: datetime | None = None,
    cancelled: bool | None = None,
    idempotency_key: str | None = None,
) -> Request[CommandResult]:
    """Open an account (R1); without `paid_through`, the first month is collected at once.

    An account whose first payment fails exists all the same: it is `disabled`, and `reactivate` is the way on.
    `anchor`, `customer_id`, `opened_at` and `cancelled` are of an account that lived elsewhere (R25).

    Raises:
        AccountExists: The id is taken.
        InvalidRequest: An input is wrong.
    """
    return commanding(
        "POST",
        "/v1/accounts",
        idempotency_key,
        account_id=account_id,
        email=email,
        carts=carts,
        plan=plan,
        timezone=timezone,
        paid_through=paid_through,
        payment_method=payment_method,
        policy=policy,
        anchor=anchor,
        customer_id=customer_id,
        opened_at=opened_at,
        cancelled=cancelled,
    )


def get_account(account_id: str) -> Request[AccountView]:
    """Return the account as it stands.

    Raises:
        AccountNotFound: There is none, or it is not the caller's.
    """
    return reading(account_path(account_id), AccountView)


def list_accounts(
    *,
    state: AccountState | str | None = None,
    disabled_reason: DisabledReason | str | None = None,
    payment_status: PaymentStatus | str | None = None,
    decline_code: str | None = None,
    term_end_before: datetime | None = None,
    term_end_after: datetime | None = None,
    past_due_since_before: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[AccountList, AccountSummary]:
    """Return one page of the accounts that match, newest first: what the visibility store knows, a moment late.

    `past_due_since_before`: those past due whose renewal has been failing since before that instant.
    """
    request = reading(
        "/v1/accounts",
        AccountList,
        state=state,
        disabled_reason=disabled_reason,
        payment_status=payment_status,
        decline_code=decline_code,
        term_end_before=term_end_before,
        term_end_after=term_end_after,
        past_due_since_before=past_due_since_before,
        limit=limit,
        cursor=cursor,
    )
    return Page(request, lambda page: page.accounts, lambda page: page.next_cursor)


def count_accounts(
    *,
    state: AccountState | str | None = None,
    disabled_reason: DisabledReason | str | None = None,
    payment_status: PaymentStatus | str | None = None,
    decline_code: str | None = None,
    term_end_before: datetime | None = None,
    term_end_after: datetime | None = None,
    past_due_since_before: datetime | None = None,
) -> Request[AccountCount]:
    """Return how many accounts match, and how many of each state."""
    return reading(
        "/v1/accounts/count",
        AccountCount,
        state=state,
        disabled_reason=disabled_reason,
        payment_status=payment_status,
        decline_code=decline_code,
        term_end_before=term_end_before,
        term_end_after=term_end_after,
        past_due_since_before=past_due_since_before,
    )


def get_access(account_id: str) -> Request[Access]:
    """Say whether the account may work now (R16); no worker has to be up. `AccessLease` keeps the answer."""
    return reading(account_path(account_id, "access"), Access)


# ---------------------------------------------------------------- what billing users do


def cancel(
    account_id: str,
    *,
    when: Literal["term_end", "now"] | None = None,
    feedback: Feedback | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> Request[CommandResult]:
    """Cancel: at the term's end, or now (R3).

    Raises:
        NotInService: There is nothing to cancel.
        PaymentInProgress: A payment is under way.
    """
    path = account_path(account_id, "cancel")
    return commanding("POST", path, idempotency_key, when=when, feedback=feedback, reason=reason)


def get_reactivation_quote(account_id: str) -> Request[Quote]:
    """Return what reactivating would cost now, line by line (R7).

    Raises:
        AlreadyInService: There is nothing to bring back.
        DisabledByOperator: Only an operator brings it back.
    """
    return reading(account_path(account_id, "reactivation-quote"), Quote)


def reactivate(
    account_id: str, *, expected_amount: int | None = None, idempotency_key: str | None = None
) -> Request[CommandResult]:
    """Bring the account back: free within its term (R4, R6), else for the quote's amount.

    Not `finished`, with `payment.action_url`: the payer has to confirm the payment there (R10).

    Raises:
        PaymentDeclined: The bank said no; nothing was charged.
        NoPaymentMethod: There is none; nothing was charged.
        QuoteChanged: It costs another amount than `expected_amount`; nothing was charged.
        PaymentStopped: Stripe refused Reprise's own request; nothing was charged. Later, under a new key.
    """
    return commanding("POST", account_path(account_id, "reactivate"), idempotency_key, expected_amount=expected_amount)


def set_carts(account_id: str, carts: int, *, idempotency_key: str | None = None) -> Request[CommandResult]:
    """Set the number of carts, from the next quote or renewal on (R11)."""
    return commanding("PUT", account_path(account_id, "carts"), idempotency_key, carts=carts)


def set_email(account_id: str, email: str, *, idempotency_key: str | None = None) -> Request[CommandResult]:
    """Change the billing e-mail; Stripe's customer follows (R26)."""
    return commanding("PUT", account_path(account_id, "email"), idempotency_key, email=email)


def set_payment_method(
    account_id: str, payment_method: str, *, idempotency_key: str | None = None
) -> Request[CommandResult]:
    """Make a payment method of Stripe's (`pm_…`) the default; a past-due account is collected at once (R9).

    Raises:
        PaymentFailed: Stripe does not take it.
    """
    return commanding("PUT", account_path(account_id, "payment-method"), idempotency_key, payment_method=payment_method)


def get_payment_method(account_id: str) -> Request[PaymentMethodView | None]:
    """Return the payment method that the account pays with; None without one."""
    return Request("GET", account_path(account_id, "payment-method"), read_as(PaymentMethodView | None))


def list_timeline(
    account_id: str, *, limit: int | None = None, cursor: str | None = None
) -> Page[Timeline, TimelineEntry]:
    """Return one page of what happened to the account, newest first; the last 100 entries (R17)."""
    request = reading(account_path(account_id, "timeline"), Timeline, limit=limit, cursor=cursor)
    return Page(request, lambda page: page.timeline, lambda page: page.next_cursor)


def list_invoices(
    account_id: str, *, limit: int | None = None, cursor: str | None = None
) -> Page[InvoiceList, InvoiceView]:
    """Return one page of the account's invoices at Stripe, newest first."""
    request = reading(account_path(account_id, "invoices"), InvoiceList, limit=limit, cursor=cursor)
    return Page(request, lambda page: page.invoices, lambda page: page.next_cursor)


def create_billing_portal(account_id: str, return_url: str) -> Request[PortalUrl]:
    """Return an address of Stripe's customer portal, where billing information is edited."""
    return posting(account_path(account_id, "billing-portal"), read_as(PortalUrl), return_url=return_url)


# ---------------------------------------------------------------- what the product's backend does


def create_portal_session(
    account_id: str,
    user: Mapping[str, Any],
    *,
    return_url: str | None = None,
    ask: str | None = None,
    product_name: str | None = None,
    logo_url: str | None = None,
    accent_color: str | None = None,
    support_url: str | None = None,
    stays: str | None = None,
) -> Request[PortalUrl]:
    """Return a link that signs a user in to Profile & Billing: one use, within five minutes.

    `user` is whom the product vouches for: `id`, `name`, `billing_access`. How the pages look and what they say of the
    product is as the API is configured, unless it is given: addresses over https, a colour as `#rrggbb`.
    """
    return posting(
        account_path(account_id, "portal-sessions"),
        read_as(PortalUrl),
        user=user,
        return_url=return_url,
        ask=ask,
        product_name=product_name,
        logo_url=logo_url,
        accent_color=accent_color,
        support_url=support_url,
        stays=stays,
    )


def revoke_portal_sessions(account_id: str, *, user: str | None = None) -> Request[None]:
    """End the sessions of one user, or of everybody, on this account, at once."""
    return posting(account_path(account_id, "portal-sessions/revoke"), nothing, user=user)


# ---------------------------------------------------------------- what operators do


def disable(
    account_id: str, *, reason: str | None = None, idempotency_key: str | None = None
) -> Request[CommandResult]:
    """Take an account out of service, as an operator; the term stays the account's (R13)."""
    return commanding("POST", account_path(account_id, "disable"), idempotency_key, reason=reason)


def enable(account_id: str, *, idempotency_key: str | None = None) -> Request[CommandResult]:
    """Undo `disable`, or bring an account back within its term; never a charge (R13)."""
    return commanding("POST", account_path(account_id, "enable"), idempotency_key)


def extend_term(
    account_id: str, *, until: datetime | None = None, days: int | None = None, idempotency_key: str | None = None
) -> Request[CommandResult]:
    """Let the term end later, as goodwill (R13): `until` an instant, or by a number of `days`. The anchor moves."""
    return commanding("POST", account_path(account_id, "extend"), idempotency_key, until=until, days=days)


def change_plan(account_id: str, plan: PlanGiven, *, idempotency_key: str | None = None) -> Request[CommandResult]:
    """Change currency or price, from the next quote on (R13)."""
    return commanding("POST", account_path(account_id, "plan"), idempotency_key, plan=plan)


def close_account(account_id: str, *, idempotency_key: str | None = None) -> Request[CommandResult]:
    """Close for good: what is open is voided, and no personal data stays with the account (R13)."""
    return commanding("POST", account_path(account_id, "close"), idempotency_key)


def restore(
    account_id: str,
    *,
    record: Mapping[str, Any] | None = None,
    from_run_start: bool | None = None,
    idempotency_key: str | None = None,
) -> Request[CommandResult]:
    """Take up an account whose workflow was ended from outside, from its last record (R27).

    `from_run_start` takes it from what its last run began with, where its history cannot be replayed; `record` from an
    export, where Temporal does not have it any more.
    """
    path = account_path(account_id, "restore")
    return commanding("POST", path, idempotency_key, record=record, from_run_start=from_run_start)


def get_record(account_id: str, *, from_run_start: bool | None = None) -> Request[dict[str, Any]]:
    """Return the account's whole record, in the form that an export has and `restore` takes."""
    path = account_path(account_id, "record")
    return Request("GET", path, read_as(dict[str, Any]), query=sent({"from_run_start": from_run_start}))


def revoke_token(jti: str, *, expires_at: datetime | None = None) -> Request[None]:
    """Revoke a token by its `jti`, within five seconds."""
    return posting("/v1/tokens/revoke", nothing, jti=jti, expires_at=expires_at)


def revoke_subject(subject: str, *, not_before: datetime | None = None) -> Request[None]:
    """Revoke all tokens of a `sub` that were issued until now, within five seconds."""
    return posting("/v1/subjects/revoke", nothing, subject=subject, not_before=not_before)


def begin_reconciliation(
    *, repair: bool | None = None, days: int | None = None, idempotency_key: str | None = None
) -> Request[ReconciliationBegun]:
    """Begin to hold every account against Stripe; `get_reconciliation` tells how far it is, and what differs.

    `repair` makes accounts look at Stripe where that can settle a difference; `days` is how far back objects at Stripe
    are looked at.
    """
    request = posting("/v1/reconciliations", read_as(ReconciliationBegun), repair=repair, days=days)
    return request if idempotency_key is None else replace(request, idempotency_key=idempotency_key)


def get_reconciliation(reconciliation_id: str) -> Request[ReconciliationView]:
    """Return a reconciliation as it stands, with its report so far."""
    return reading(f"/v1/reconciliations/{quote(reconciliation_id, safe='')}", ReconciliationView)


# ---------------------------------------------------------------- announcements


def list_pending_announcements(
    *, endpoint: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Page[PendingAnnouncements, AccountBacklog]:
    """List the accounts whose announcements an endpoint does not take, with what waits, since when and why (R18)."""
    request = reading("/v1/announcements/pending", PendingAnnouncements, endpoint=endpoint, limit=limit, cursor=cursor)
    return Page(request, lambda page: page.accounts, lambda page: page.next_cursor)


def get_announcements(account_id: str) -> Request[AccountBacklog]:
    """Return how far each endpoint has come with an account's announcements."""
    return reading(account_path(account_id, "announcements"), AccountBacklog)


def resend_announcements(
    account_id: str, *, from_sequence: int | None = None, endpoint: str | None = None
) -> Request[AccountBacklog]:
    """Send what waits at once, or everything again from an entry on; to one endpoint, or to all."""
    path = account_path(account_id, "announcements/resend")
    return posting(path, read_as(AccountBacklog), from_sequence=from_sequence, endpoint=endpoint)


def set_announcements(account_id: str, *, enabled: bool) -> Request[AccountBacklog]:
    """Turn an account's announcements on or off, from now on."""
    return replace(
        posting(account_path(account_id, "announcements"), read_as(AccountBacklog), enabled=enabled), method="PUT"
    )


def set_announcements_of_all(*, enabled: bool) -> Request[AnnouncementsChange]:
    """Turn every account's announcements on or off, from now on, in the background."""
    return replace(posting("/v1/announcements", read_as(AnnouncementsChange), enabled=enabled), method="PUT")


def test_announcements(*, endpoint: str | None = None) -> Request[EndpointTests]:  # noqa: PT028 - no test, but of one
    """Send a signed test to each endpoint, or to one; return what each answered."""
    return posting("/v1/announcements/test", read_as(EndpointTests), endpoint=endpoint)


def get_readiness() -> Request[Readiness]:
    """Say whether Temporal answers and a worker polls for accounts."""
    return reading("/readyz", Readiness)
