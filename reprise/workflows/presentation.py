"""How an account shows itself in Temporal: search attributes (R16) and the details an operator reads in the UI."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from reprise.statemachine import editions
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.money import formatted
from reprise.statemachine.standing import collecting
from reprise.temporal.search_attributes import ACCESS_UNTIL, ACCOUNT_STATE, CARTS, PAYMENT_STATUS, TERM_ENDS_AT
from reprise.workflows.markdown import quoted
from reprise.workflows.visibility import search_attributes


class Display:
    """What Temporal shows of the account, kept up to date."""

    def __init__(self) -> None:
        """Start from what the run before has shown."""
        self._shown = workflow.info().typed_search_attributes

    def show(self, account: Account) -> None:
        """Show what lasts: a payment under way is over in seconds, and an upsert each way would cost more than it.

        Carts alone are not worth an upsert either: the next one that is needed, or the next run, shows them.
        But access that ends later than is shown is shown at once: nobody is shut out over a payment that takes long.
        """
        workflow.set_current_details(details(account))
        if collecting(account) and self._shown.get(ACCOUNT_STATE) is not None and not self._access_ends_later(account):
            return
        now = search_attributes(account)
        updates = changed(self._shown, now)
        if updates and (account.edition < editions.SECOND or any(each.key.name != CARTS.name for each in updates)):
            workflow.upsert_search_attributes(updates)
            self._shown = now

    def _access_ends_later(self, account: Account) -> bool:
        until, shown = access_until(account), self._shown.get(ACCESS_UNTIL)
        return account.edition >= editions.SECOND and until is not None and (shown is None or until > shown)


def changed(old: TypedSearchAttributes, new: TypedSearchAttributes) -> list[SearchAttributeUpdate[Any]]:
    """Return the updates that lead from `old` to `new`, in a fixed order; empty when nothing changed."""
    keys: list[SearchAttributeKey[Any]] = [ACCOUNT_STATE, PAYMENT_STATUS, CARTS, TERM_ENDS_AT, ACCESS_UNTIL]
    return [
        key.value_unset() if (value := new.get(key)) is None else key.value_set(value)
        for key in keys
        if old.get(key) != new.get(key)
    ]


def details(account: Account) -> str:
    """Return Markdown that answers "what is this account waiting for?" in the Temporal UI."""
    payment, deadline = account.payment, deadline_of(account)
    price = formatted(account.plan.unit_amount, account.plan.currency)
    reason = f" ({account.disabled_reason})" if account.disabled_reason else ""
    lines = [f"**{account.state}**{reason}, {account.carts} carts × {price}"]
    if account.term:
        lines.append(f"- term: {_when(account.term.start)} to {_when(account.term.end)}")
    if payment:
        amount = formatted(payment.quote.amount_due, payment.quote.currency)
        code = f", {quoted(payment.decline_code)}" if payment.decline_code else ""
        lines.append(f"- payment {quoted(payment.key)}: {amount}, {payment.status}{code}, attempt {payment.attempt}")
    if account.timeline and account.timeline[-1].reason:
        lines.append(f"- last: {account.timeline[-1].type}: {quoted(account.timeline[-1].reason)}")
    if collecting(account):
        lines.append("- waiting for: Stripe")
    elif deadline:
        lines.append(f"- waiting for: {deadline.summary}, {_when(deadline.at)}")
    else:
        lines.append("- waiting for: the customer or an operator")
    return "\n".join(lines)


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
