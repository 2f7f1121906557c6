"""What the transitions of the chart ask: guards and validators, named after the rules' words (R1-R14)."""

from datetime import datetime
from typing import Any

from reprise.statemachine.account import Account, AccountState, DisabledReason
from reprise.statemachine.commands import (
    Cancel,
    ChangePlan,
    OpenAccount,
    Reactivate,
    SetCarts,
)
from reprise.statemachine.money import MOST, THREE_DECIMAL, Plan, formatted
from reprise.statemachine.payments import (
    Payment,
    PaymentPurpose,
    PaymentStatus,
    Quote,
    free_quote,
    upfront_quote,
)
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.schedule import next_retry
from reprise.statemachine.terms import Term, nth_term


def check_sum(plan: Plan, carts: int, field: str) -> None:
    """Refuse a price or number of carts that Stripe could not charge (R20).

    Raises:
        Refused: `invalid_request` naming `field`.
    """
    if carts * plan.unit_amount > MOST:
        raise Refused(
            RefusalCode.INVALID_REQUEST,
            f"{carts} carts at {formatted(plan.unit_amount, plan.currency)} come to more than Stripe charges at"
            f" once, {formatted(MOST, plan.currency)}.",
            field=field,
        )
    if plan.currency in THREE_DECIMAL and plan.unit_amount % 10:
        raise Refused(
            RefusalCode.INVALID_REQUEST,
            f"Stripe charges {plan.currency.upper()} in steps of 10 minor units: the last digit must be 0.",
            field="plan.unit_amount",
        )


def reactivation_quote(account: Account, now: datetime) -> Quote:
    """Return what coming back at `now` costs (R6, R7): the function behind both the quote and the charge."""
    if account.term and not account.term.is_over(now):
        return free_quote(account.plan, account.carts, account.term)
    return upfront_quote(account.plan, account.carts, nth_term(now, 0, account.timezone), account.debt)


def renewal_quote(account: Account) -> Quote:
    """Return what the next term costs an account that renews (R5)."""
    assert account.anchor is not None, "an account in service has an anchor"
    return upfront_quote(
        account.plan, account.carts, nth_term(account.anchor, account.term_index + 1, account.timezone)
    )


class Guards:
    """The record, and the questions that the chart asks of it by name."""

    configuration: Any = None  # the chart keeps its active states here

    def __init__(self, account: Account) -> None:
        """Start from a record."""
        self.account = account

    @property
    def _payment(self) -> Payment:
        assert self.account.payment is not None, "this transition is about a payment"
        return self.account.payment

    @property
    def _term(self) -> Term:
        assert self.account.term is not None, "this transition is about a term"
        return self.account.term

    # ---------------------------------------------------------------- guards: opening

    def paid_elsewhere(self, command: OpenAccount, now: datetime) -> bool:
        return command.paid_through is not None and command.paid_through > now

    def paid_term_is_over(self, command: OpenAccount, now: datetime) -> bool:
        return command.paid_through is not None and command.paid_through <= now

    # ---------------------------------------------------------------- guards: money and terms

    def term_is_over(self, now: datetime) -> bool:
        return self.account.term is None or self.account.term.is_over(now)

    def is_free(self, now: datetime) -> bool:
        """Whether the next payment would be of nothing: no carts, or a price of 0, and no debt (R5)."""
        renewing = self.account.state in {AccountState.ACTIVE, AccountState.REACTIVATED}
        quote = renewal_quote(self.account) if renewing else reactivation_quote(self.account, now)
        return quote.amount_due == 0

    def retries_left(self, now: datetime) -> bool:
        return next_retry(self.account.policy, self._payment, now) is not None

    # ---------------------------------------------------------------- guards: what was before

    def at_once(self, command: Cancel) -> bool:
        return command.when == "now"

    def was_active(self) -> bool:
        return self.account.cancelled_from is AccountState.ACTIVE

    def held_by_operator(self) -> bool:
        return self.account.hold is not None

    def was_out_of_service(self) -> bool:
        return self.account.hold is not None and self.account.hold.state is AccountState.DISABLED

    def was_cancelled(self) -> bool:
        return self.account.hold is not None and self.account.hold.state is AccountState.CANCELLED

    # ---------------------------------------------------------------- guards: the payment

    def payment_under_way(self) -> bool:
        return self._payment_is(PaymentStatus.COLLECTING)

    def awaiting_authentication(self) -> bool:
        return self._payment_is(PaymentStatus.REQUIRES_ACTION)

    def authentication_is_late(self, now: datetime) -> bool:
        expiry = self._payment.expires_at
        return self.awaiting_authentication() and expiry is not None and now >= expiry

    def payment_called_off(self) -> bool:
        return self._payment.abandoned

    def is_reactivation(self) -> bool:
        return self._payment.purpose is PaymentPurpose.REACTIVATION

    def _payment_is(self, status: PaymentStatus) -> bool:
        return self.account.payment is not None and self.account.payment.status is status

    # ---------------------------------------------------------------- validators

    def no_payment_under_way(self) -> None:
        """Refuse what would cross a payment that may be moving money (R14)."""
        if self.payment_under_way():
            raise Refused(
                RefusalCode.PAYMENT_IN_PROGRESS,
                "A payment of this account is being collected. Try again when it is known how it turned out.",
            )

    def no_payment_open(self) -> None:
        """Refuse to move a term while a payment for one is open (R13, R14)."""
        self.no_payment_under_way()
        if self._open_payment() is not None:
            raise Refused(
                RefusalCode.PAYMENT_IN_PROGRESS,
                "A payment of this account is still open. Extend the term once it is paid, or has ended.",
            )

    def not_held_by_operator(self) -> None:
        if self.account.disabled_reason is DisabledReason.OPERATOR:
            raise Refused(
                RefusalCode.DISABLED_BY_OPERATOR,
                "This account was disabled by the people who run the service, and only they can bring it back."
                " Contact support.",
            )

    def quote_holds(self, command: Reactivate, now: datetime) -> None:
        """Refuse a reactivation at another price than the payer saw (R7)."""
        quote = self.current_quote(now)
        if command.expected_amount is not None and command.expected_amount != quote.amount_due:
            raise Refused(
                RefusalCode.QUOTE_CHANGED,
                f"Reactivating costs {formatted(quote.amount_due, quote.currency)} now, not"
                f" {formatted(command.expected_amount, quote.currency)}. Nothing was charged.",
                quote=quote,
            )

    def sum_can_be_charged(self, command: SetCarts | ChangePlan) -> None:
        match command:
            case SetCarts():
                check_sum(self.account.plan, command.carts, "carts")
            case ChangePlan():
                check_sum(command.plan, self.account.carts, "plan.unit_amount")

    def current_quote(self, now: datetime) -> Quote:
        """Return what coming back costs at `now`: while a payment is open, what that one costs (R11, R14)."""
        if self.payment_under_way() or self.awaiting_authentication():
            return self._payment.quote
        return reactivation_quote(self.account, now)

    def _open_payment(self) -> Payment | None:
        """The payment that Stripe may still take money for: awaited, or failed at a renewal and not yet void."""
        payment = self.account.payment
        if payment is None or payment.abandoned:
            return None
        past_due = self.account.state is AccountState.PAST_DUE
        return payment if past_due or payment.status is PaymentStatus.REQUIRES_ACTION else None
