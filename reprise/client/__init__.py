"""A client of Reprise's API: typed, for code that waits (`Client`) and for code on an event loop (`AsyncClient`).

```python
from reprise.client import Client, PaymentDeclined

with Client("https://billing.example.com", token) as reprise:
    quote = reprise.get_reactivation_quote("shop-42")
    try:
        result = reprise.reactivate("shop-42", expected_amount=quote.amount_due)
    except PaymentDeclined as declined:
        ...  # declined.decline_code
    if not result.finished:
        ...  # the payer confirms at result.account.payment.action_url, or the money is on its way
```

It imports nothing of the server: no Temporal, no Stripe, no web framework.
"""

from reprise.client.clients import AsyncClient, Client
from reprise.client.errors import (
    AccountClosed,
    AccountExists,
    AccountNotFound,
    AccountRunning,
    AccountStopped,
    AlreadyInService,
    BillingAccessRequired,
    ClientError,
    Conflict,
    CustomerGone,
    DisabledByOperator,
    EngineUnavailable,
    Forbidden,
    IdempotencyKeyReused,
    InsufficientScope,
    InternalError,
    InvalidArgument,
    InvalidRequest,
    NoPaymentMethod,
    NotFound,
    NotInService,
    OperatorRequired,
    PaymentDeclined,
    PaymentFailed,
    PaymentInProgress,
    PaymentStopped,
    Problem,
    QuoteChanged,
    ReconciliationNotFound,
    ReconciliationRunning,
    RecordOutdated,
    RecordUnreadable,
    StateChanged,
    TooManyCommands,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unreachable,
    UnreadableAnswer,
)
from reprise.client.lease import AccessLease
from reprise.client.requests import CommandResult
from reprise.client.webhooks import InvalidAnnouncement, verified
from reprise.schemas.accounts import AccountView, NextDeadline, PaymentView
from reprise.schemas.announcements import (
    AccountBacklog,
    AnnouncedEntry,
    Announcement,
    AnnouncementsChange,
    EndpointTests,
    PendingAnnouncements,
)
from reprise.schemas.api import Access, AccountCount, AccountList, AccountSummary, Timeline
from reprise.schemas.invoices import InvoiceList, InvoiceView
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.schemas.reconciliations import Finding, FindingKind, ReconciliationReport, ReconciliationView
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.money import Plan
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.quotes import Quote
from reprise.statemachine.timeline import EntryType, TimelineEntry

__all__ = [
    "Access",
    "AccessLease",
    "AccountBacklog",
    "AccountClosed",
    "AccountCount",
    "AccountExists",
    "AccountList",
    "AccountNotFound",
    "AccountRunning",
    "AccountState",
    "AccountStopped",
    "AccountSummary",
    "AccountView",
    "AlreadyInService",
    "AnnouncedEntry",
    "Announcement",
    "AnnouncementsChange",
    "AsyncClient",
    "BillingAccessRequired",
    "BillingPolicy",
    "Client",
    "ClientError",
    "CommandResult",
    "Conflict",
    "CustomerGone",
    "DisabledByOperator",
    "DisabledReason",
    "EndpointTests",
    "EngineUnavailable",
    "EntryType",
    "Finding",
    "FindingKind",
    "Forbidden",
    "IdempotencyKeyReused",
    "InsufficientScope",
    "InternalError",
    "InvalidAnnouncement",
    "InvalidArgument",
    "InvalidRequest",
    "InvoiceList",
    "InvoiceView",
    "NextDeadline",
    "NoPaymentMethod",
    "NotFound",
    "NotInService",
    "OperatorRequired",
    "PaymentDeclined",
    "PaymentFailed",
    "PaymentInProgress",
    "PaymentMethodView",
    "PaymentStatus",
    "PaymentStopped",
    "PaymentView",
    "PendingAnnouncements",
    "Plan",
    "Problem",
    "Quote",
    "QuoteChanged",
    "ReconciliationNotFound",
    "ReconciliationReport",
    "ReconciliationRunning",
    "ReconciliationView",
    "RecordOutdated",
    "RecordUnreadable",
    "StateChanged",
    "Timeline",
    "TimelineEntry",
    "TooManyCommands",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "UnreadableAnswer",
    "verified",
]
