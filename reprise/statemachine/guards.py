"""What the transitions of the chart ask: guards and validators, named after the rules' words (R1-R14)."""

from datetime import datetime, timedelta
from typing import Any

from reprise.statemachine import editions
from reprise.statemachine.account import Account, AccountState, DisabledReason
from reprise.statemachine.commands import Cancel, ChangePlan, OpenAccount, Reactivate, SetCarts
from reprise.statemachine.money import formatted
from reprise.statemachine.outcomes import Invoice
from reprise.statemachine.payments import Payment, PaymentPurpose, PaymentStatus
from reprise.statemachine.pricing import next_quote, quote_now, renewal_quote
from reprise.statemachine.quotes import Quote
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.schedule import next_retry, retry_instants
from reprise.statemachine.sums import check_sum
from reprise.statemachine.terms import Term


class Guards:
    """The record that is decided about, and the questions that the chart asks of it by name."""

    state: Any = None  # the chart keeps its active states here

    account: Account
    """There only while something is decided."""

    @property
    def _payment(self) -> Payment:
        assert self.account.payment is not None, "this transition is about a payment"
        return self.account.payment

    @property
    def _term(self) -> Term:
        assert self.account.term is not None, "this transition is about a term"
        return self.account.term

    # ---------------------------------------------------------------- guards: editions: R28

    def by_edition_2(self) -> bool:
        return self.account.edition >= editions.SECOND

    # ---------------------------------------------------------------- guards: opening

    def paid_elsewhere(self, command: OpenAccount, now: datetime) -> bool:
        return command.paid_through is not None and command.paid_through > now

    def cancelled_elsewhere(self, command: OpenAccount) -> bool:
        return command.cancelled

    def was_paid_elsewhere(self, command: OpenAccount) -> bool:
        """Whether it was, until a time that has passed: those that still are have been opened in service before."""
        return command.paid_through is not None

    # ---------------------------------------------------------------- guards: money and terms

    def term_is_over(self, now: datetime) -> bool:
        return self.account.term is None or self.account.term.is_over(now)

    def is_free(self, now: datetime) -> bool:
        """Whether the next payment would be of nothing: no carts, or a price of 0, and no debt (R5)."""
        return next_quote(self.account, now).amount_due == 0

    def renewal_is_free(self) -> bool:
        return renewal_quote(self.account).amount_due == 0

    def retries_left(self, now: datetime) -> bool:
        """Whether another retry follows; those that our own fault has used up are made up for, once (R9)."""
        if self._payment.stopped_since and self._payment.retries_from is None:
            return True
        return next_retry(self.account.policy, self._payment, now) is not None

    def card_is_not_asked_again(self) -> bool:
        return self._payment.do_not_retry

    def retries_are_over(self, now: datetime) -> bool:
        return now >= retry_instants(self.account.policy, self._payment)[-1]

    def may_still_be_mended(self, now: datetime) -> bool:
        """Whether a payment that stops for our fault is tried again: hourly, for the policy's days (R9)."""
        since = self._payment.stopped_since
        return since is None or now - since < timedelta(days=self.account.policy.stopped_days)

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

    def was_past_due(self) -> bool:
        return self.account.hold is not None and self.account.hold.state is AccountState.PAST_DUE

    def renewal_can_be_taken_up(self, now: datetime) -> bool:
        """Whether the term that an interrupted renewal was for is not over yet (R13)."""
        return now < renewal_quote(self.account).term.end

    # ---------------------------------------------------------------- guards: the payment

    def payment_under_way(self) -> bool:
        """Whether money may be moving: an attempt is under way, or clearing at the bank (R14, R21)."""
        return self.account.is_collecting or self.payment_is_processing()

    def payment_is_processing(self) -> bool:
        return self._payment_is(PaymentStatus.PROCESSING)

    def payment_buys_nothing(self) -> bool:
        """Whether the latest payment, if paid after all, is for a term that the account has otherwise (R22)."""
        in_paid_term = self.account.state in {AccountState.ACTIVE, AccountState.CANCELLED, AccountState.REACTIVATED}
        return self.by_edition_2() and in_paid_term and not self.payment_under_way()

    def first_payment_stopped(self) -> bool:
        """Whether the first payment stopped for our fault and is tried again by itself (R1, R8)."""
        payment = self.account.payment
        return (
            self.by_edition_2()
            and payment is not None
            and payment.purpose is PaymentPurpose.FIRST
            and payment.status is PaymentStatus.DECLINED
            and payment.next_attempt_at is not None
        )

    def pays_the_renewal(self, found: Invoice) -> bool:
        """Whether an invoice that was paid is for the very term that this past-due account lacks (R22)."""
        return found.period == self._payment.quote.term

    def is_for_another_term(self, found: Invoice) -> bool:
        """Whether an invoice that was paid is for another term than the one that is being renewed (R22)."""
        return self._payment.purpose is PaymentPurpose.RENEWAL and found.period != self._payment.quote.term

    def awaiting_authentication(self) -> bool:
        return self._payment_is(PaymentStatus.REQUIRES_ACTION)

    def authentication_is_late(self, now: datetime) -> bool:
        expiry = self._payment.expires_at
        return expiry is not None and now >= expiry

    def payment_only_buys_a_term(self, now: datetime) -> bool:
        """Whether the payment, if paid, gives a term to an account that stays out of service, to return for nothing.

        It was called off, or came too late for a renewal (R22); or an operator holds the account (R13).
        """
        payment = self._payment
        held = self.account.disabled_reason is DisabledReason.OPERATOR
        late = self.payment_is_processing() or self.void_is_owed(payment.key) or payment.quote.term.is_over(now)
        too_late = payment.purpose is PaymentPurpose.RENEWAL and late
        return payment.abandoned or (self.by_edition_2() and (too_late or held))

    def void_is_owed(self, key: str) -> bool:
        return any(each.payment_key == key for each in self.account.voids_owed)

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

    def page_is_current(self, command: Cancel) -> None:
        """Refuse what was asked of an account that stood otherwise: a stale page's button does nothing else (R3)."""
        payment, expected = self.account.payment, command.expected_payment
        stale_payment = expected is not None and (payment is None or payment.key != expected)
        if stale_payment or command.expected_state not in {None, self.account.state}:
            raise Refused(
                RefusalCode.STATE_CHANGED,
                "This account has changed since that page was shown. Nothing was cancelled. Look at it again.",
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
        if isinstance(command, SetCarts):
            check_sum(self.account.plan, command.carts, "carts", smallest=self.by_edition_2())
        else:
            check_sum(command.plan, self.account.carts, "plan.unit_amount", smallest=self.by_edition_2())

    def current_quote(self, now: datetime) -> Quote:
        return quote_now(self.account, now)

    def _open_payment(self) -> Payment | None:
        """The payment that Stripe may still take money for: awaited, or failed at a renewal and not yet void."""
        payment = self.account.payment
        if payment is None or payment.abandoned:
            return None
        awaited = payment.status is PaymentStatus.REQUIRES_ACTION or self.first_payment_stopped()
        return payment if awaited or self.account.state is AccountState.PAST_DUE else None
