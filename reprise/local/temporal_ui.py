"""Links into the Temporal UI: the lists of accounts that operators ask for, ready to be opened."""

from typing import Final
from urllib.parse import quote

from reprise.accounts.listing import RUNNING, STOPPED, AccountFilter
from reprise.local.servers import NAMESPACE
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.declines import OwnDeclineCode
from reprise.statemachine.payments import PaymentStatus

_NOW: Final = "ExecutionStatus = 'Running'"
"""Enough beside a search attribute that accounts alone have: older runs of theirs are left out."""

LISTS: Final = {
    "all accounts": RUNNING,
    "past due": AccountFilter(state=AccountState.PAST_DUE).query(_NOW),
    "to be confirmed by the payer": AccountFilter(payment_status=PaymentStatus.REQUIRES_ACTION).query(_NOW),
    "clearing at the bank": AccountFilter(payment_status=PaymentStatus.PROCESSING).query(_NOW),
    "stopped for a fault of ours": AccountFilter(decline_code=OwnDeclineCode.PAYMENT_STOPPED).query(_NOW),
    "cancelled, in service": AccountFilter(state=AccountState.CANCELLED).query(_NOW),
    "out of service, unpaid": AccountFilter(disabled_reason=DisabledReason.PAYMENT_FAILED).query(_NOW),
    "disabled by operators": AccountFilter(disabled_reason=DisabledReason.OPERATOR).query(_NOW),
    "ended from outside": STOPPED,
}
"""List filters by what they find, in the words of `reprise dev`."""


def links(ui: str) -> dict[str, str]:
    """Return a link for each list.

    Args:
        ui: Where the Temporal UI answers.
    """
    return {
        what: f"{ui}/namespaces/{NAMESPACE}/workflows?query={quote(query, safe='')}" for what, query in LISTS.items()
    }
