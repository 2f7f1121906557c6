"""Which sums may be charged at all (R20)."""

from reprise.statemachine.money import Plan, formatted, least, most, step
from reprise.statemachine.refusals import RefusalCode, Refused


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
