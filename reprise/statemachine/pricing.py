"""Which quote applies when (R5, R6, R7, R11, R12). What a quote is and says: `quotes.py`.

Whoever asks what something costs, and whoever charges for it, asks here: so both say the same.
"""

from datetime import datetime

from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.quotes import Quote, free_quote, upfront_quote
from reprise.statemachine.terms import nth_term


def quote_now(account: Account, now: datetime) -> Quote:
    """Return what coming back costs at `now` (R7): while a payment is open, what that one costs (R11, R14)."""
    payment = account.payment
    if payment is not None and payment.status.is_open:
        return payment.quote
    return reactivation_quote(account, now)


def next_quote(account: Account, now: datetime) -> Quote:
    """Return what the next payment would be for: the next term of an account that renews, else coming back (R5, R6)."""
    renewing = account.state in {AccountState.ACTIVE, AccountState.REACTIVATED}
    return renewal_quote(account) if renewing else reactivation_quote(account, now)


def reactivation_quote(account: Account, now: datetime) -> Quote:
    """Return the quote of a new payment to come back: nothing within the paid term, else a month from `now` (R6).

    What renewals left unpaid stands on it as well, if the policy keeps that (R12). A first payment is this one, too.
    """
    if account.term and not account.term.is_over(now):
        return free_quote(account.plan, account.carts, account.term)
    return upfront_quote(account.plan, account.carts, nth_term(now, 0, account.timezone), account.debts)


def renewal_quote(account: Account) -> Quote:
    """Return what the next term costs an account that renews, by its anchor (R2, R5): without old debts (R12)."""
    assert account.anchor is not None, "an account in service has an anchor"
    return upfront_quote(
        account.plan, account.carts, nth_term(account.anchor, account.term_index + 1, account.timezone)
    )
