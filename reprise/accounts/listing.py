"""Finding accounts: lists and counts by what Temporal's visibility store knows of them, complete but a moment late.

No account is asked and no worker has to be up: a page costs one request, a count one for each state.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.client import Accounts
from reprise.accounts.description import AccountDescription, is_account
from reprise.accounts.reading import READ_TIMEOUT
from reprise.accounts.sending import error_of
from reprise.errors import InvalidInput, Unavailable
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.payments import PaymentStatus
from reprise.temporal.search_attributes import (
    ACCOUNT_STATE,
    DECLINE_CODE,
    DISABLED_REASON,
    PAYMENT_STATUS,
    TERM_ENDS_AT,
)
from reprise.workflows.messages import WORKFLOW

RUNNING: Final = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"
"""Finds each account once: those that continued as new have older runs, which the store keeps for a while."""

STOPPED: Final = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus IN ('Terminated', 'Failed', 'TimedOut', 'Canceled')"
"""Finds accounts whose workflow was ended from outside, and the ended runs of those that were taken up again (R27)."""

_NEWEST_OR_STOPPED: Final = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus != 'ContinuedAsNew'"


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts: those of which everything holds that is given. Instants are aware; `before` and `after` exclude.

    `past_due_since_before`: the renewal has been failing since before that instant. It is due at the term's end, so
    that this is when the term of a past-due account ended (R9).
    """

    state: AccountState | None = None
    disabled_reason: DisabledReason | None = None
    payment_status: PaymentStatus | None = None
    decline_code: str | None = None
    term_end_before: datetime | None = None
    term_end_after: datetime | None = None
    past_due_since_before: datetime | None = None

    def query(self, among: str = RUNNING) -> str:
        """Return the filter in Temporal's language for lists (docs.temporal.io/list-filter).

        Args:
            among: The condition that all of them fulfil.
        """
        return " AND ".join((among, *self._conditions()))

    def _conditions(self) -> Iterator[str]:
        equal: tuple[tuple[SearchAttributeKey[str], str | None], ...] = (
            (ACCOUNT_STATE, None if self.state is AccountState.NEW else self.state),
            (DISABLED_REASON, self.disabled_reason),
            (PAYMENT_STATUS, self.payment_status),
            (DECLINE_CODE, self.decline_code),
        )
        for key, value in equal:
            if value is not None:
                yield f"{key.name} = {quoted(value)}"
        if self.state is AccountState.NEW:  # one that is being opened has nothing to be found by
            yield f"{ACCOUNT_STATE.name} IS NULL"
        if self.term_end_before is not None:
            yield f"{TERM_ENDS_AT.name} < {_instant(self.term_end_before)}"
        if self.term_end_after is not None:
            yield f"{TERM_ENDS_AT.name} > {_instant(self.term_end_after)}"
        if self.past_due_since_before is not None:
            yield f"{ACCOUNT_STATE.name} = {quoted(AccountState.PAST_DUE)}"
            yield f"{TERM_ENDS_AT.name} < {_instant(self.past_due_since_before)}"


@dataclass(frozen=True)
class AccountPage:
    """One page of the list of accounts; `next_page_token` is None on the last."""

    accounts: list[AccountDescription]
    next_page_token: bytes | None


async def page(accounts: Accounts, which: AccountFilter, size: int, page_token: bytes | None) -> AccountPage:
    """Return one page of the accounts that a filter finds, newest first, then those that were ended from outside.

    A page may hold fewer than `size` and still have a next one.

    Raises:
        InvalidInput: The page token is none of Temporal's.
        Unavailable: Temporal is out of reach.
    """
    query = which.query(_NEWEST_OR_STOPPED)
    pages = accounts.client.list_workflows(query, page_size=size, next_page_token=page_token)
    try:
        await pages.fetch_next_page()
        found = [each for each in pages.current_page or () if is_account(each)]
        newest = await asyncio.gather(*(_is_newest(accounts, each) for each in found))
    except (RPCError, RuntimeError) as error:
        if page_token is not None and _is_refused(error):
            raise InvalidInput("cursor", "is not one that this list has given") from error
        raise _unanswered(error) from error
    shown = [AccountDescription.of(each) for each, so in zip(found, newest, strict=True) if so]
    return AccountPage(shown, pages.next_page_token or None)


async def count(accounts: Accounts, which: AccountFilter) -> Mapping[AccountState, int]:
    """Return how many of the accounts that a filter finds are in each state; `new`: no worker has opened them yet.

    Accounts whose workflow was ended from outside are in no count. Temporal refuses to group by a custom search
    attribute, so that each state is a count of its own; they are asked together.

    Raises:
        Unavailable: Temporal is out of reach.
    """
    states = list(AccountState) if which.state is None else [which.state]
    try:
        counted = await asyncio.gather(*(_count(accounts, replace(which, state=state)) for state in states))
    except (RPCError, RuntimeError) as error:
        raise _unanswered(error) from error
    return dict(zip(states, counted, strict=True))


async def _count(accounts: Accounts, which: AccountFilter) -> int:
    return (await accounts.client.count_workflows(which.query(), rpc_timeout=READ_TIMEOUT)).count


async def _is_newest(accounts: Accounts, execution: WorkflowExecution) -> bool:
    """Say whether a run from the list is its account's newest: one that was taken up again has older ones."""
    if execution.status is WorkflowExecutionStatus.RUNNING:
        return True
    described = await accounts.client.get_workflow_handle(execution.id).describe(rpc_timeout=READ_TIMEOUT)
    return described.run_id == execution.run_id


def _is_refused(error: RPCError | RuntimeError) -> bool:
    return isinstance(error, RPCError) and error.status is RPCStatusCode.INVALID_ARGUMENT


def _unanswered(error: RPCError | RuntimeError) -> Exception:
    if _is_refused(error):
        return Unavailable(
            "The Temporal namespace does not know what accounts are found by. An operator must add Reprise's search"
            " attributes to it: `reprise setup-namespace`."
        )
    return error_of(error)


def quoted(value: str) -> str:
    r"""Return a value as it stands in a query: what would end it, a quote or a backslash, is escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _instant(moment: datetime) -> str:
    return quoted(moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"))
