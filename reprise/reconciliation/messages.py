"""What a reconciliation's workflow, its activities and its callers share: names, inputs, where it has got to."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from reprise.schemas.reconciliations import Finding, ReconciliationReport
from reprise.statemachine.terms import Instant

RECONCILIATION: Final = "Reconciliation"
RECONCILE_PAGE: Final = "reconcile_page"
TELL_RECONCILIATION: Final = "tell_reconciliation"
PROGRESS: Final = "progress"

SUMMARY: Final = "Accounts are held against Stripe"

SCHEDULE: Final = "reconciliation"
"""The id of the Temporal Schedule that begins one each night."""

MEMO_ASKED: Final = "asked"
"""The name under which the memo keeps what a reconciliation was asked for."""

RECONCILIATION_ID: Final = r"[A-Za-z0-9:._-]{1,100}"

_PREFIX: Final = "reconciliation-"


def workflow_id(reconciliation: str) -> str:
    """Return the id of a reconciliation's workflow."""
    return f"{_PREFIX}{reconciliation}"


def reconciliation_of(workflow: str) -> str:
    """Return the id of the reconciliation that a workflow id belongs to."""
    return workflow.removeprefix(_PREFIX)


class Phase(StrEnum):
    """What is gone through, in this order: the accounts, then Stripe's own lists."""

    ACCOUNTS = "accounts"
    CUSTOMERS = "customers"
    INVOICES = "invoices"
    SUBSCRIPTIONS = "subscriptions"
    REFUNDS = "refunds"
    DISPUTES = "disputes"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class Place(_Message):
    """How far a reconciliation has got: the list, and the cursor of the page that comes next in it."""

    phase: Phase = Phase.ACCOUNTS
    cursor: str | None = None

    def after(self, cursor: str | None) -> "Place | None":
        """Return the place behind a page; None behind the last page of all."""
        if cursor is not None:
            return Place(phase=self.phase, cursor=cursor)
        phases = list(Phase)
        following = phases[phases.index(self.phase) + 1 :]
        return Place(phase=following[0]) if following else None


class ReconciliationRun(_Message):
    """The input of a run: from the beginning, or where the run before has left it."""

    repair: bool = False
    days: Annotated[int, Field(description="How far back objects at Stripe are looked at.")] = 45
    place: Place = Place()
    report: ReconciliationReport | None = None


class PageInput(_Message):
    """Which page is to be looked at."""

    reconciliation: str
    place: Place
    since: Instant
    repair: bool


class PageResult(_Message):
    """What was found on a page."""

    cursor: str | None
    accounts: int = 0
    objects: int = 0
    findings: tuple[Finding, ...] = ()
