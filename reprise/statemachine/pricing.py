"""Which quote applies, and which sums may be charged at all (R5, R6, R7, R20)."""

from datetime import datetime

from reprise.statemachine.account import Account
from reprise.statemachine.money import Plan, formatted, least, most, step
from reprise.statemachine.quotes import Quote, free_quote, upfront_quote
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.terms import nth_term


def check_sum(plan: Plan, carts: int, field: str, *, smallest: bool = True) -> None:
    """Refuse a price or number of carts that Stripe could not charge (R20).

    Args:
        plan: Currency and price of a cart, in minor units.
        carts: How many.
        field: What the person gave, to be named if the sum is wrong.
        smallest: Whether sums below what Stripe charges are refused too; the first edition took them (R28).

    Raises:
        Refused: `invalid_request` naming the field.
    """
    currency, total = plan.currency, carts * plan.unit_amount
    if total > most(currency):
        raise Refused(
            RefusalCode.INVALID_REQUEST,
            f"{carts} carts at {formatted(plan.unit_amount, currency)} come to more than Stripe charges at once,"
            f" {formatted(most(currency), currency)}.",
            field=field,
        )
    if plan.unit_amount % step(currency) and (smallest or step(currency) == 10):
        raise Refused(
            RefusalCode.INVALID_REQUEST,
            f"Stripe charges {currency.upper()} in steps of {step(currency)} minor units: give a multiple of it.",
            field="plan.unit_amount",
        )
    if smallest and 0 < total < least(currency):
        raise Refused(
            RefusalCode.INVALID_REQUEST,
            f"{carts} {'cart' if carts == 1 else 'carts'} at {formatted(plan.unit_amount, currency)} come to less than"
            f" Stripe charges, {formatted(least(currency), currency)}.",
            field=field,
        )


def reactivation_quote(account: Account, now: datetime) -> Quote:
    """Return what coming back at `now` costs (R6, R7): the function behind both the quote and the charge."""
    if account.term and not account.term.is_over(now):
        return free_quote(account.plan, account.carts, account.term)
    return upfront_quote(account.plan, account.carts, nth_term(now, 0, account.timezone), account.debts)


def renewal_quote(account: Account) -> Quote:
    """Return what the next term costs an account that renews (R5)."""
    assert account.anchor is not None, "an account in service has an anchor"
    return upfront_quote(
        account.plan, account.carts, nth_term(account.anchor, account.term_index + 1, account.timezone)
    )
