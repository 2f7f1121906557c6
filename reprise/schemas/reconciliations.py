"""Reconciliations as they go over HTTP: what was held against what, and each difference that was found."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reprise.statemachine.terms import Instant
from reprise.statemachine.unknown import KeptWhenRead

MAX_FINDINGS = 1000
"""How many differences a report holds one by one; the others are counted."""


class FindingKind(StrEnum):
    """What can differ between the accounts and Stripe. What each means and what to do is in docs/operating.md."""

    UNKNOWN_PAYMENT = "unknown_payment"
    """An invoice is paid at Stripe, and its account does not know it."""

    MISSING_PAYMENT = "missing_payment"
    """An account takes a payment for paid, and Stripe has no paid invoice of it."""

    OPEN_INVOICE = "open_invoice"
    """An invoice can still be paid, and its account does not wait for it."""

    DUPLICATE_INVOICE = "duplicate_invoice"
    """Two invoices of one payment key are not void."""

    AMOUNT_DIFFERS = "amount_differs"
    """An invoice comes to another sum than the quote of its payment."""

    UNKNOWN_ACCOUNT = "unknown_account"
    """An invoice bears the marks of an account that there is not, or of an earlier life of its id."""

    MISSING_CUSTOMER = "missing_customer"
    """An account's customer is not at Stripe, or was deleted there; or it has none for more than a day."""

    DUPLICATE_CUSTOMER = "duplicate_customer"
    """A second customer bears an account's marks."""

    RUNNING_SUBSCRIPTION = "running_subscription"
    """A subscription of an account's customer goes on at Stripe: it charges beside the account."""

    UNTOLD_REFUND = "untold_refund"
    """A refund or dispute is not in its account's timeline."""

    VOID_OWED = "void_owed"
    """Stripe has refused so far to void an invoice."""

    STOPPED_ACCOUNT = "stopped_account"
    """An account's workflow was ended from outside, and the account is not closed."""

    OVERDUE_ACCESS = "overdue_access"
    """An account is in service past the instant at which its access ends."""

    UNANSWERED_ACCOUNT = "unanswered_account"
    """An account's workflow does not answer: it is paused, or its tasks fail."""


class Finding(BaseModel):
    """One difference. `subject` is what it is about: an invoice, customer, subscription, refund, or payment key."""

    model_config = ConfigDict(frozen=True)

    kind: Annotated[FindingKind, KeptWhenRead]
    account_id: str | None
    subject: str
    detail: Annotated[str, Field(description="What differs, in a sentence.")]
    payment_key: str | None = None
    amount: Annotated[int | None, Field(description="In minor units of `currency`.")] = None
    currency: str | None = None
    hinted: Annotated[bool, Field(description="Whether the account was made to look (`repair`).")] = False


class ReconciliationReport(BaseModel):
    """What was looked at so far, and what differs. `counts` has every kind, also those that were not found."""

    model_config = ConfigDict(frozen=True)

    since: Annotated[Instant, Field(description="From when on objects at Stripe were looked at.")]
    accounts: Annotated[int, Field(description="How many accounts were looked at.")] = 0
    objects: Annotated[int, Field(description="How many objects at Stripe were looked at beside theirs.")] = 0
    hinted: Annotated[int, Field(description="How many accounts' differences were hinted at.")] = 0
    counts: Annotated[dict[str, int], Field(description="How many differences there are of each kind.")] = Field(
        default_factory=lambda: {each.value: 0 for each in FindingKind}
    )
    findings: Annotated[
        tuple[Finding, ...], Field(description=f"Each difference, the first {MAX_FINDINGS} of them.")
    ] = ()

    @property
    def differences(self) -> int:
        """How many differences there are in all."""
        return sum(self.counts.values())

    def with_page(
        self, findings: tuple[Finding, ...], *, accounts: int = 0, objects: int = 0
    ) -> "ReconciliationReport":
        """Return the report with what was found on a page."""
        counts = dict(self.counts)
        for each in findings:
            counts[each.kind] = counts.get(each.kind, 0) + 1
        return self.model_copy(
            update={
                "accounts": self.accounts + accounts,
                "objects": self.objects + objects,
                "hinted": self.hinted + sum(each.hinted for each in findings),
                "counts": counts,
                "findings": (*self.findings, *findings)[:MAX_FINDINGS],
            }
        )


class ReconciliationBody(BaseModel):
    """A reconciliation to begin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repair: Annotated[
        bool, Field(strict=True, description="Make accounts look at Stripe where that can settle a difference.")
    ] = False
    days: Annotated[
        int, Field(strict=True, ge=1, le=3660, description="How far back objects at Stripe are looked at.")
    ] = 45


class ReconciliationBegun(BaseModel):
    """A reconciliation that was begun: its id finds it."""

    id: str


class ReconciliationView(BaseModel):
    """A reconciliation as it stands."""

    id: str
    status: Annotated[
        Literal["running", "completed", "failed"],
        KeptWhenRead,
        Field(description="`failed`: its workflow was ended from outside."),
    ]
    repair: bool | None = None
    started_at: Instant
    finished_at: Instant | None = None
    report: Annotated[
        ReconciliationReport | None, Field(description="So far, while it runs; None where no worker says.")
    ] = None
