"""What Temporal's server knows of an account without a worker: search attributes, and whether it runs (R16, R27)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from temporalio.client import WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus

from reprise.statemachine.access import may_work
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.next_actions import NextAction
from reprise.temporal.search_attributes import (
    ACCESS_UNTIL,
    ACCOUNT_STATE,
    CARTS,
    DECLINE_CODE,
    DISABLED_REASON,
    NEXT_ACTION,
    PAYMENT_STATUS,
    RETRIES_AT,
    STATE_SINCE,
    TERM_ENDS_AT,
)
from reprise.workflows.messages import account_id_of

Member = TypeVar("Member", bound=StrEnum)

_RUNNING: Final = WorkflowExecutionStatus.RUNNING


@dataclass(frozen=True)
class AccountDescription:
    """An account as its workflow last showed it; instants are UTC. `state` is None until a worker has opened it."""

    account_id: str
    state: AccountState | None
    payment_status: str | None
    carts: int | None
    term_ends_at: datetime | None
    access_until: datetime | None
    since: datetime | None
    """Since when it is in its state; None where that is not known."""
    disabled_reason: DisabledReason | None
    decline_code: str | None
    next_action: NextAction | None
    retries_at: tuple[datetime, ...]
    """When a past-due renewal is tried again by itself, those that have been made among them."""
    status: WorkflowExecutionStatus | None
    """How its workflow stands in Temporal."""
    now: datetime
    """Its own time: the dev server can skip time for one account; elsewhere it is the wall clock."""

    @classmethod
    def of(cls, execution: WorkflowExecution) -> "AccountDescription":
        """Return what the server says of an account's run."""
        known = execution.typed_search_attributes
        state = known.get(ACCOUNT_STATE)
        return cls(
            account_id=account_id_of(execution.id),
            state=None if state is None else AccountState(state),
            payment_status=known.get(PAYMENT_STATUS),
            carts=known.get(CARTS),
            term_ends_at=known.get(TERM_ENDS_AT),
            access_until=known.get(ACCESS_UNTIL),
            since=known.get(STATE_SINCE),
            disabled_reason=_member(DisabledReason, known.get(DISABLED_REASON)),
            decline_code=known.get(DECLINE_CODE),
            next_action=_member(NextAction, known.get(NEXT_ACTION)),
            retries_at=tuple(datetime.fromisoformat(at) for at in known.get(RETRIES_AT) or ()),
            status=execution.status,
            now=_clock_of(execution),
        )

    @property
    def next_attempt_at(self) -> datetime | None:
        """When a past-due renewal is tried next by itself; None where nothing is, or only what is our fault."""
        return next((at for at in self.retries_at if at > self.now), None)

    @property
    def is_running(self) -> bool:
        """Whether its workflow runs, so that commands are taken."""
        return self.status is _RUNNING

    @property
    def is_restorable(self) -> bool:
        """Whether its workflow was ended from outside, and can be taken up again: a closed account is final (R27)."""
        return not self.is_running and self.state is not AccountState.CLOSED

    @property
    def stopped_how(self) -> str:
        """How its workflow was ended, in Temporal's word."""
        return self.status.name.lower().replace("_", " ") if self.status else "gone"

    @property
    def has_access(self) -> bool:
        """Whether the account may work now (R16)."""
        return may_work(self.state, self.access_until, self.now)


def _member(kind: type[Member], value: str | None) -> Member | None:
    """Return a value of ours, or None for one of a later release."""
    return next((each for each in kind if each == value), None)


def is_account(execution: WorkflowExecution) -> bool:
    """Say whether a run is that of an account: it lives, or has lived. One that failed before it was one, is none."""
    return execution.status is _RUNNING or execution.typed_search_attributes.get(ACCOUNT_STATE) is not None


def _clock_of(execution: WorkflowExecution) -> datetime:
    if isinstance(execution, WorkflowExecutionDescription):
        extended = execution.raw_description.workflow_extended_info
        if extended.HasField("time_skipping_info"):
            return extended.time_skipping_info.current_time.ToDatetime(UTC)
    return datetime.now(UTC)
