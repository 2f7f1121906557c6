"""What people's commands and the calendar do to an account, named after the rules' words. What they ask: `guards.py`.

The chart calls these by name. They read and replace the record, note timeline entries and collect effects; they never
choose a state. What is done about payments is in `payment_decisions.py`.
"""

from datetime import datetime

from reprise.statemachine.account import AccountState, DisabledReason, Hold
from reprise.statemachine.commands import (
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
from reprise.statemachine.effects import ChangeEmail, ChangePaymentMethod, RegisterCustomer
from reprise.statemachine.openings import term_number
from reprise.statemachine.payment_decisions import PaymentDecisions
from reprise.statemachine.payments import PaymentPurpose
from reprise.statemachine.pricing import reactivation_quote, renewal_quote
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.terms import LATEST, Term, months_after, nth_term
from reprise.statemachine.timeline import TIMER, Actor, ActorKind, EntryType


class Decisions(PaymentDecisions):
    """The model behind the chart: everything that its transitions do."""

    def note_payment_method(self, asked_by: Actor) -> None:
        """A new default payment method is in place."""
        self._note(EntryType.PAYMENT_METHOD_CHANGED, asked_by)

    def note_cancellation_request(self) -> None:
        """Temporal's own cancellation does not end an account: say what would (R27)."""
        reason = "Request cancellation does not end an account: send the command cancel, or close"
        self._note(EntryType.CANCELLATION_REQUESTED, Actor(kind=ActorKind.OPERATOR), reason=reason)

    def note_restored(self, actor: Actor, how: str) -> None:
        """An operator has taken the account up again, whose workflow was ended from outside (R27)."""
        self._note(EntryType.RESTORED, actor, reason=how)

    # ---------------------------------------------------------------- actions: opening: R1

    def start_paid_elsewhere(self, command: OpenAccount, now: datetime) -> None:
        self._open(command)
        self._place(command, starts=now)

    def start_cancelled_elsewhere(self, command: OpenAccount, now: datetime) -> None:
        self.start_paid_elsewhere(command, now)
        self._set(cancelled_from=AccountState.ACTIVE)
        self._note(EntryType.CANCELLED, command.actor, term=self._term)

    def start_lapsed(self, command: OpenAccount) -> None:
        self._open(command)
        self._place(command)
        self._set(disabled_reason=DisabledReason.CANCELLED)

    def _place(self, command: OpenAccount, starts: datetime | None = None) -> None:
        """Put an account into the term that it has paid elsewhere, on its own anchor (R1, R2, R25)."""
        end = command.paid_through
        assert end is not None, "the guard has seen it"
        anchor = command.anchor or end
        number = term_number(anchor, end, command.timezone)
        start = starts or months_after(anchor, number, command.timezone)
        self._set(anchor=anchor, term_index=number, term=Term(start=start, end=end))

    def start_free(self, command: OpenAccount, now: datetime) -> None:
        self._open(command)
        self._start_term_now(now)

    def collect_first_payment(self, command: OpenAccount, now: datetime) -> None:
        self._open(command)
        self._collect_new(PaymentPurpose.FIRST, reactivation_quote(self.account, now), command.actor, now)

    def _open(self, command: OpenAccount) -> None:
        register = RegisterCustomer(payment_method=command.payment_method, customer_id=command.customer_id)
        self.effects.append(register)
        if self.by_edition_2():
            self._set(customer_id=command.customer_id, first_payment_method=command.payment_method)
        self._note(EntryType.OPENED, command.actor, carts=command.carts)

    # ---------------------------------------------------------------- actions: cancelling: R3

    def cancel_at_term_end(self, command: Cancel) -> None:
        self._set(cancelled_from=self.account.state)
        self._note(EntryType.CANCELLED, command.actor, reason=_why(command), term=self._term)

    def end_at_once(self, command: Cancel) -> None:
        self._set(disabled_reason=DisabledReason.CANCELLED)
        self._note(EntryType.DISABLED, command.actor, reason=_why(command) or DisabledReason.CANCELLED, term=self._term)

    def give_up_renewal(self, command: Cancel) -> None:
        self.cancel_open_payment()
        self._keep_debt()
        self._set(disabled_reason=DisabledReason.CANCELLED)
        self._note(EntryType.DISABLED, command.actor, reason=_why(command) or DisabledReason.CANCELLED)

    def run_out(self) -> None:
        self._set(disabled_reason=DisabledReason.CANCELLED)
        self._note(EntryType.DISABLED, TIMER, reason=DisabledReason.CANCELLED, term=self._term)

    # ---------------------------------------------------------------- actions: coming back: R4, R6

    def on_enter_in_service(self) -> None:
        """Whatever kept the account out is over; the chart calls this by its name."""
        self._set(disabled_reason=None, hold=None)

    def resume(self, command: Reactivate) -> None:
        self._note(EntryType.RESUMED, command.actor, term=self._term)

    def return_within_term(self, command: Reactivate) -> None:
        self.cancel_open_payment()
        self._note(EntryType.REACTIVATED, command.actor, amount=0, currency=self.account.plan.currency, term=self._term)

    def return_free(self, command: Reactivate, now: datetime) -> None:
        self.cancel_open_payment()
        self._start_term_now(now)
        self._note(EntryType.REACTIVATED, command.actor, amount=0, currency=self.account.plan.currency, term=self._term)

    def join_clearing(self, command: Reactivate, now: datetime) -> None:
        """A payment that clears brings the account back, also one that was given up (R21)."""
        payment = self._payment
        if payment.abandoned or payment.purpose is PaymentPurpose.RENEWAL:
            self._set_payment(purpose=PaymentPurpose.REACTIVATION, abandoned=False, asked_by=command.actor)
        self.retrieve_invoice(now)

    def collect_upfront_payment(self, command: Reactivate, now: datetime) -> None:
        self._collect_new(PaymentPurpose.REACTIVATION, reactivation_quote(self.account, now), command.actor, now)

    def _start_term_now(self, now: datetime) -> None:
        self._set(anchor=now, term_index=0, term=nth_term(now, 0, self.account.timezone))

    # ---------------------------------------------------------------- actions: settings: R11, R13

    def change_carts(self, command: SetCarts) -> None:
        if command.carts != self.account.carts:
            self._set(carts=command.carts)
            self._note(EntryType.CARTS_CHANGED, command.actor, carts=command.carts)

    def change_price(self, command: ChangePlan) -> None:
        if command.plan != self.account.plan:
            self._set(plan=command.plan)
            self._note(
                EntryType.PLAN_CHANGED, command.actor, amount=command.plan.unit_amount, currency=command.plan.currency
            )

    def change_payment_method(self, command: SetPaymentMethod) -> None:
        self.effects.append(ChangePaymentMethod(payment_method=command.payment_method, asked_by=command.actor))

    def change_email(self, command: SetEmail) -> None:
        if command.email != self.account.email:
            self.effects.append(ChangeEmail(email=command.email, asked_by=command.actor))

    # ---------------------------------------------------------------- actions: operators: R13

    def hold(self, command: Disable) -> None:
        if self.account.state is AccountState.PAST_DUE:
            self._keep_debt()
        self.cancel_open_payment()
        if self.account.hold is None:
            self._set(hold=Hold(state=self.account.state, reason=self.account.disabled_reason))
        self._set(disabled_reason=DisabledReason.OPERATOR)
        self._note(EntryType.DISABLED, command.actor, reason=command.reason)

    def lift_hold(self, command: Enable) -> None:
        hold = self.account.hold
        assert hold is not None, "the guards have seen it"
        late = self.by_edition_2() and self.was_past_due()
        otherwise = DisabledReason.PAYMENT_FAILED if late else DisabledReason.CANCELLED
        reason = hold.reason or otherwise
        self._set(hold=None, disabled_reason=reason)
        self._note(EntryType.ENABLED, command.actor, reason=f"still disabled: {reason}")

    def take_up_again(self, command: Enable) -> None:
        self._note(EntryType.ENABLED, command.actor, term=self._term)

    def take_renewal_up(self, command: Enable, now: datetime) -> None:
        """Go on with the renewal that `disable` interrupted, by a new payment (R13)."""
        quote = renewal_quote(self.account)
        self._note(EntryType.ENABLED, command.actor)
        self._strike_debts({quote.term})
        self._collect_new(PaymentPurpose.RENEWAL, quote, command.actor, now)

    def take_free_renewal_up(self, command: Enable) -> None:
        self._note(EntryType.ENABLED, command.actor)
        self.renew_free()

    def extend(self, command: ExtendTerm, now: datetime) -> None:
        start = base = now
        if old := self.account.term:
            if not old.is_over(now):
                start, base = old.start, old.end
            elif self.account.state is AccountState.PAST_DUE:
                start = old.start
        end = command.new_end(base)
        if not base < end < LATEST:
            raise Refused(
                RefusalCode.INVALID_REQUEST,
                f"The term can only be extended to later than {base.isoformat()}, and to before {LATEST.isoformat()}.",
                field="until" if command.until else "days",
            )
        self._set(anchor=end, term_index=-1, term=Term(start=start, end=end))
        self._note(EntryType.TERM_EXTENDED, command.actor, term=self._term)

    def extend_past_due(self, command: ExtendTerm, now: datetime) -> None:
        """Goodwill for a renewal that failed: its invoice is voided, and the term goes on (R13)."""
        self.extend(command, now)
        self.cancel_payment()

    def end_for_good(self, command: Close) -> None:
        """Close, and keep nothing that says who the customer was, here or at Stripe (R13)."""
        self.cancel_open_payment()
        self.account = self.account.without_people()
        self._set(disabled_reason=None)
        self._note(EntryType.CLOSED, Actor(kind=command.actor.kind))
        if self.by_edition_2():
            self.erase_customer()

    # ---------------------------------------------------------------- actions: renewing: R5, R9

    def renew_free(self) -> None:
        quote = renewal_quote(self.account)
        self._set(term=quote.term, term_index=self.account.term_index + 1)
        self._strike_debts({quote.term})
        how = {"carts": quote.carts, "unit_amount": quote.unit_amount}
        self._note(EntryType.RENEWED, TIMER, amount=0, currency=quote.currency, term=quote.term, **how)

    def note_renewal_upcoming(self, now: datetime) -> None:
        """Announce what the next term will cost, once for each term; one that has ended by now is renewed instead."""
        quote, term = renewal_quote(self.account), self._term
        self._set(told_renewal_of=term.end)
        if not term.is_over(now):
            how = {"carts": quote.carts, "unit_amount": quote.unit_amount, "term": quote.term}
            self._note(EntryType.RENEWAL_UPCOMING, TIMER, amount=quote.amount_due, currency=quote.currency, **how)

    def collect_renewal(self, now: datetime) -> None:
        self._collect_new(PaymentPurpose.RENEWAL, renewal_quote(self.account), TIMER, now)


def _why(command: Cancel) -> str | None:
    """Return why somebody leaves: what they chose from the list, and what they wrote (R3)."""
    return ": ".join(part for part in (command.feedback, command.reason) if part) or None
