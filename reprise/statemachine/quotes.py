"""Quotes: what a payment would be for, and how much. The only source of the quote shown and of the charge (R7)."""

from typing import Annotated

from pydantic import Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.money import Amount, CartCount, Currency, Plan, most
from reprise.statemachine.terms import Term


class Debt(Frozen):
    """What an unpaid renewal left behind, kept under the policy `debt: collect` (R12)."""

    amount: Amount
    currency: Currency
    term: Term


class QuoteLine(Frozen):
    """One line of a quote, and so of the invoice. Amounts in minor units."""

    description: str
    quantity: int
    unit_amount: int
    amount: int
    period: Term


class Quote(Frozen):
    """What a payment would be for, and how much."""

    amount_due: Annotated[int, Field(description="In minor units of `currency`; 0: nothing to pay.")]
    currency: Currency
    carts: CartCount
    unit_amount: Amount
    term: Term
    lines: tuple[QuoteLine, ...] = ()

    @property
    def debts(self) -> tuple[QuoteLine, ...]:
        """The lines of what earlier renewals left unpaid: all but that of the term itself (R12)."""
        return tuple(line for line in self.lines if line.period != self.term)

    @property
    def for_term(self) -> int:
        """What the term itself costs, without debts."""
        return self.amount_due - sum(line.amount for line in self.debts)


def upfront_quote(plan: Plan, carts: int, term: Term, debts: tuple[Debt, ...] = ()) -> Quote:
    """Return the upfront payment for `term`: carts × unit amount, and each debt as a line of its own (R6, R8, R12).

    A debt in another currency than the plan's cannot stand on the same invoice, nor one that makes it more than Stripe
    charges at once; it is left out, and stays owed.
    """
    lines = []
    if due := carts * plan.unit_amount:
        line = QuoteLine(
            description=f"{carts} {'cart' if carts == 1 else 'carts'}, one month",
            quantity=carts,
            unit_amount=plan.unit_amount,
            amount=due,
            period=term,
        )
        lines.append(line)
    for debt in debts:
        if debt.currency != plan.currency or due + debt.amount > most(plan.currency):
            continue
        due += debt.amount
        lines.append(
            QuoteLine(
                description="Unpaid from the previous term" if len(debts) == 1 else "Unpaid from an earlier term",
                quantity=1,
                unit_amount=debt.amount,
                amount=debt.amount,
                period=debt.term,
            )
        )
    return Quote(
        amount_due=due,
        currency=plan.currency,
        carts=carts,
        unit_amount=plan.unit_amount,
        term=term,
        lines=tuple(lines),
    )


def free_quote(plan: Plan, carts: int, term: Term) -> Quote:
    """Return the quote of coming back within a paid term: nothing, service until the term's end (R6)."""
    return Quote(amount_due=0, currency=plan.currency, carts=carts, unit_amount=plan.unit_amount, term=term)
