"""What each transition of the chart does, named after the rules' words. What it asks is in `guards.py`.

The chart calls these by name. They read and replace the record, note timeline entries and collect effects; they never
choose a state.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from reprise.statemachine.account import Account, AccountState, DisabledReason, Hold
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
    SetPaymentMethod,
)
from reprise.statemachine.effects import (
    ChangePaymentMethod,
    Collect,
    Effect,
    LookAtInvoice,
    RegisterCustomer,
    VoidInvoice,
)
from reprise.statemachine.guards import Guards, reactivation_quote, renewal_quote
from reprise.statemachine.payments import (
    CustomerRegistered,
    Debt,
    Declined,
    NoPaymentMethod,
    Payment,
    PaymentOutcome,
    PaymentPurpose,
    PaymentStatus,
    Quote,
    RequiresAction,
    Stopped,
    payment_key,
)
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.schedule import AUTHENTICATION_LIMIT, STOPPED_RETRY, next_look, next_retry
from reprise.statemachine.terms import LATEST, Term, months_after, nth_term
from reprise.statemachine.timeline import KEPT, STRIPE, TIMER, Actor, TimelineEntry


class Decisions(Guards):
    """The model behind the chart: the record, and what has been decided about it since the last event."""

    def __init__(self, account: Account) -> None:
        """Start from a record."""
        super().__init__(account)
        self.effects: list[Effect] = []
        self._notes: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Forget what was decided about the event before."""
        self.effects = []
        self._notes = []

    def conclude(self, state: AccountState, now: datetime) -> Sequence[TimelineEntry]:
        """Put the state reached and the timeline's new entries (R17) into the record, and return the entries."""
        account = self.account
        entries = [
            TimelineEntry(
                sequence=account.sequence + n,
                at=now,
                from_state=account.state if n == 1 else state,
                to_state=state,
                **note,
            )
            for n, note in enumerate(self._notes, start=1)
        ]
        self._set(
            state=state,
            sequence=account.sequence + len(entries),
            timeline=(*account.timeline, *entries)[-KEPT:],
        )
        return entries

    def register(self, customer: CustomerRegistered) -> None:
        """Remember the Stripe customer; a payment method that Stripe would not take is told, not lost."""
        self._set(customer_id=customer.customer_id)
        if customer.refused:
            self._note("payment_method_refused", STRIPE, decline_code=customer.refused)

    def remember_invoice(self, invoice_id: str | None, payment_method: str | None) -> None:
        """Remember what Stripe calls the payment, before its outcome is acted on."""
        payment = self._payment
        self._set_payment(
            invoice_id=invoice_id or payment.invoice_id,
            payment_method=payment_method or payment.payment_method,
        )

    def note_payment_method(self, asked_by: Actor) -> None:
        """A new default payment method is in place."""
        self._note("payment_method_changed", asked_by)

    def note_late_payment(self) -> None:
        """Money came for an account that is closed: operators must see it, to give it back."""
        self._set_payment(status=PaymentStatus.PAID, decline_code=None)
        self._note_payment("payment_received", STRIPE, reason="the account is closed: refund it")

    def _set(self, **changes: Any) -> None:
        self.account = self.account.model_copy(update=changes)

    def _set_payment(self, **changes: Any) -> None:
        self._set(payment=self._payment.model_copy(update=changes))

    def _note(self, what: str, actor: Actor, **facts: Any) -> None:
        self._notes.append({"type": f"account.{what}", "actor": actor, **facts})

    def _note_payment(self, what: str, actor: Actor, **facts: Any) -> None:
        payment = self._payment
        self._note(
            what,
            actor,
            amount=payment.quote.amount_due,
            currency=payment.quote.currency,
            payment_key=payment.key,
            invoice_id=payment.invoice_id,
            **facts,
        )

    # ---------------------------------------------------------------- actions: opening (R1)

    def start_paid_elsewhere(self, command: OpenAccount, now: datetime) -> None:
        assert command.paid_through is not None, "the guard has seen it"
        self._open(command)
        self._set(anchor=command.paid_through, term_index=-1, term=Term(start=now, end=command.paid_through))

    def start_lapsed(self, command: OpenAccount) -> None:
        assert command.paid_through is not None, "the guard has seen it"
        start = months_after(command.paid_through, -1, command.timezone)
        self._open(command)
        self._set(
            anchor=command.paid_through,
            term_index=-1,
            term=Term(start=start, end=command.paid_through),
            disabled_reason=DisabledReason.CANCELLED,
        )

    def start_free(self, command: OpenAccount, now: datetime) -> None:
        self._open(command)
        self._start_term_now(now)

    def collect_first_payment(self, command: OpenAccount, now: datetime) -> None:
        self._open(command)
        self._collect_new(PaymentPurpose.FIRST, reactivation_quote(self.account, now), command.actor, now)

    def _open(self, command: OpenAccount) -> None:
        self.effects.append(RegisterCustomer(payment_method=command.payment_method))
        self._note("opened", command.actor, carts=command.carts)

    # ---------------------------------------------------------------- actions: cancelling (R3)

    def cancel_at_term_end(self, command: Cancel) -> None:
        self._set(cancelled_from=self.account.state)
        self._note("cancelled", command.actor, reason=command.reason, term=self._term)

    def end_at_once(self, command: Cancel) -> None:
        self._set(disabled_reason=DisabledReason.CANCELLED)
        self._note("disabled", command.actor, reason=command.reason or "cancelled", term=self._term)

    def give_up_renewal(self, command: Cancel) -> None:
        self.call_off_payment()
        self._keep_debt()
        self._set(disabled_reason=DisabledReason.CANCELLED)
        self._note("disabled", command.actor, reason=command.reason or "cancelled")

    def call_off_payment(self, command: Cancel | None = None) -> None:
        """Void what is open, so that it can neither be paid nor tried again (R3, R14)."""
        if self._open_payment() is None:
            return
        if command is not None:
            self._note_payment("payment_cancelled", command.actor)
        if self._payment.purpose is PaymentPurpose.FIRST:
            self._set(disabled_reason=DisabledReason.FIRST_PAYMENT_FAILED)
        self._set_payment(
            abandoned=True,
            status=PaymentStatus.DECLINED,
            decline_code="cancelled",
            action_url=None,
            next_attempt_at=None,
            expires_at=None,
        )
        self.void_invoice()

    def run_out(self) -> None:
        self._set(disabled_reason=DisabledReason.CANCELLED)
        self._note("disabled", TIMER, reason="cancelled", term=self._term)

    # ---------------------------------------------------------------- actions: coming back (R4, R6)

    def on_enter_in_service(self) -> None:
        """Whatever kept the account out is over; the chart calls this by its name."""
        self._set(disabled_reason=None, hold=None)

    def resume(self, command: Reactivate) -> None:
        self._note("resumed", command.actor, term=self._term)

    def return_within_term(self, command: Reactivate) -> None:
        self._note("reactivated", command.actor, amount=0, currency=self.account.plan.currency, term=self._term)

    def return_free(self, command: Reactivate, now: datetime) -> None:
        self._start_term_now(now)
        self._note("reactivated", command.actor, amount=0, currency=self.account.plan.currency, term=self._term)

    def collect_upfront_payment(self, command: Reactivate, now: datetime) -> None:
        self._collect_new(PaymentPurpose.REACTIVATION, reactivation_quote(self.account, now), command.actor, now)

    def _start_term_now(self, now: datetime) -> None:
        self._set(anchor=now, term_index=0, term=nth_term(now, 0, self.account.timezone))

    # ---------------------------------------------------------------- actions: settings (R11, R13)

    def change_carts(self, command: SetCarts) -> None:
        if command.carts != self.account.carts:
            self._set(carts=command.carts)
            self._note("carts_changed", command.actor, carts=command.carts)

    def change_price(self, command: ChangePlan) -> None:
        if command.plan != self.account.plan:
            self._set(plan=command.plan)
            self._note("plan_changed", command.actor, amount=command.plan.unit_amount, currency=command.plan.currency)

    def change_payment_method(self, command: SetPaymentMethod) -> None:
        self.effects.append(ChangePaymentMethod(payment_method=command.payment_method, asked_by=command.actor))

    # ---------------------------------------------------------------- actions: operators (R13)

    def hold(self, command: Disable) -> None:
        if self.account.state is AccountState.PAST_DUE:
            self._keep_debt()
        self.call_off_payment()
        if self.account.hold is None:
            self._set(hold=Hold(state=self.account.state, reason=self.account.disabled_reason))
        self._set(disabled_reason=DisabledReason.OPERATOR)
        self._note("disabled", command.actor, reason=command.reason)

    def lift_hold(self, command: Enable) -> None:
        hold = self.account.hold
        reason = (hold and hold.reason) or DisabledReason.CANCELLED
        self._set(hold=None, disabled_reason=reason)
        self._note("enabled", command.actor, reason=f"still disabled: {reason}")

    def take_up_again(self, command: Enable) -> None:
        self._note("enabled", command.actor, term=self._term)

    def extend(self, command: ExtendTerm, now: datetime) -> None:
        old = self.account.term
        base = old.end if old and not old.is_over(now) else now
        end = command.until or base + timedelta(days=command.days or 0)
        if not base < end < LATEST:
            raise Refused(
                RefusalCode.INVALID_REQUEST,
                f"The term can only be extended to later than {base.isoformat()}, and to before {LATEST.isoformat()}.",
                field="until" if command.until else "days",
            )
        start = old.start if old and not old.is_over(now) else now
        self._set(anchor=end, term_index=-1, term=Term(start=start, end=end))
        self._note("term_extended", command.actor, term=self._term)

    def end_for_good(self, command: Close) -> None:
        """Close, and keep nothing that says who the customer was (R13)."""
        self.call_off_payment()
        self._set(
            email=None,
            disabled_reason=None,
            hold=None,
            timeline=tuple(_anonymous(entry) for entry in self.account.timeline),
        )
        self._note("closed", Actor(kind=command.actor.kind))

    # ---------------------------------------------------------------- actions: renewing (R5, R9)

    def renew_free(self) -> None:
        quote = renewal_quote(self.account)
        self._set(term=quote.term, term_index=self.account.term_index + 1)
        self._note("renewed", TIMER, amount=0, currency=quote.currency, term=quote.term)

    def collect_renewal(self, now: datetime) -> None:
        self._collect_new(PaymentPurpose.RENEWAL, renewal_quote(self.account), TIMER, now)

    def collect_again(self) -> None:
        """Make a new attempt on the same invoice: with a new idempotency key, since the last was answered (R8)."""
        self._set_payment(status=PaymentStatus.COLLECTING, attempt=self._payment.attempt + 1, next_attempt_at=None)
        self.effects.append(Collect(payment=self._payment))

    def retry_later(self, outcome: PaymentOutcome, now: datetime) -> None:
        self._set_outcome(outcome)
        if next_retry(self.account.policy, self._payment, now) is None:
            self._set_payment(retries_from=now)  # Stripe was away for all of the retries: they cost the payer nothing
        self._set_payment(next_attempt_at=next_retry(self.account.policy, self._payment, now))
        if self.account.state is not AccountState.PAST_DUE:
            self._note_payment("past_due", STRIPE, decline_code=_code(outcome))
        else:
            self._note_failure(outcome)

    def retry_after_mend(self, outcome: Stopped, now: datetime) -> None:
        self._set_outcome(outcome)
        self._set_payment(next_attempt_at=now + STOPPED_RETRY)
        self._note_failure(outcome)

    def fail_renewal(self, outcome: PaymentOutcome) -> None:
        self._set_outcome(outcome)
        self._set_payment(next_attempt_at=None, action_url=None)
        self._keep_debt()
        self._set(disabled_reason=DisabledReason.PAYMENT_FAILED)
        self._note_failure(outcome)
        self._note("disabled", TIMER, reason="payment_failed")
        self.void_invoice()

    def _keep_debt(self) -> None:
        """Under `debt: collect`, remember what a renewal left unpaid (R12)."""
        payment = self._payment
        if self.account.policy.debt == "collect" and payment.purpose is PaymentPurpose.RENEWAL:
            quote = payment.quote
            debt = Debt(amount=quote.amount_due, currency=quote.currency, term=quote.term)
            self._set(debt=debt)

    # ---------------------------------------------------------------- actions: collecting (R8, R10, R15)

    def _collect_new(self, purpose: PaymentPurpose, quote: Quote, asked_by: Actor, now: datetime) -> None:
        n = self.account.payment_count + 1
        payment = Payment(
            key=payment_key(self.account.account_id, n),
            purpose=purpose,
            quote=quote,
            asked_by=asked_by,
            status=PaymentStatus.COLLECTING,
            attempt=1,
            started_at=now,
        )
        self._set(payment=payment, payment_count=n)
        self.effects.append(Collect(payment=payment))

    def enter_paid_term(self) -> None:
        payment = self._payment
        self._take_over_term(payment)
        self._set_payment(
            status=PaymentStatus.PAID,
            decline_code=None,
            action_url=None,
            next_attempt_at=None,
            expires_at=None,
        )
        what = {
            PaymentPurpose.FIRST: "activated",
            PaymentPurpose.REACTIVATION: "reactivated",
            PaymentPurpose.RENEWAL: "renewed",
        }[payment.purpose]
        self._note_payment(what, payment.asked_by, term=self._term)

    def keep_paid_term(self) -> None:
        """The payer was faster than the void: the term is theirs, and coming back within it is free (R6)."""
        self._take_over_term(self._payment)
        self._set_payment(status=PaymentStatus.PAID, decline_code=None)
        self._note_payment("payment_received", STRIPE, term=self._term)

    def _take_over_term(self, payment: Payment) -> None:
        term = payment.quote.term
        if payment.purpose is PaymentPurpose.RENEWAL:
            self._set(term=term, term_index=self.account.term_index + 1)
        else:
            self._set(term=term, term_index=0, anchor=term.start)
        if any(self.account.debt and line.period == self.account.debt.term for line in payment.quote.lines):
            self._set(debt=None)

    def stay_out(self, outcome: PaymentOutcome) -> None:
        """A declined upfront payment leaves no invoice behind that could be paid later by surprise (R6, R12)."""
        self._set_outcome(outcome)
        self._set_payment(action_url=None, next_attempt_at=None, expires_at=None)
        if self._payment.purpose is PaymentPurpose.FIRST:
            self._set(disabled_reason=DisabledReason.FIRST_PAYMENT_FAILED)
        self._note_failure(outcome)
        self.void_invoice()

    def await_authentication(self, outcome: RequiresAction, now: datetime) -> None:
        self._set_outcome(outcome)
        self._set_payment(expires_at=self._payment.started_at + AUTHENTICATION_LIMIT)
        self._set_payment(next_attempt_at=next_look(self._payment, now))
        self._note_failure(outcome)

    def expire(self) -> None:
        """The payer did not authenticate in time: the payment counts as declined (R10)."""
        self._set_payment(
            status=PaymentStatus.DECLINED,
            decline_code="authentication_required",
            action_url=None,
            expires_at=None,
        )
        if self._payment.purpose is PaymentPurpose.FIRST:
            self._set(disabled_reason=DisabledReason.FIRST_PAYMENT_FAILED)
        self._note_payment("payment_declined", TIMER, decline_code="authentication_required")

    def look_at_invoice(self, now: datetime) -> None:
        payment = self._payment
        if self.awaiting_authentication() and payment.expires_at:
            self._set_payment(next_attempt_at=next_look(payment, now))
        self.effects.append(LookAtInvoice(payment_key=payment.key, invoice_id=payment.invoice_id))

    def void_invoice(self) -> None:
        payment = self._payment
        self._set_payment(next_attempt_at=None)
        self.effects.append(VoidInvoice(payment_key=payment.key, invoice_id=payment.invoice_id))

    def _set_outcome(self, outcome: PaymentOutcome) -> None:
        needs_action = isinstance(outcome, RequiresAction)
        self._set_payment(
            status=PaymentStatus.REQUIRES_ACTION if needs_action else PaymentStatus.DECLINED,
            invoice_id=outcome.invoice_id or self._payment.invoice_id,
            payment_method=outcome.payment_method,
            decline_code=_code(outcome),
            action_url=outcome.url if isinstance(outcome, RequiresAction) else None,
        )

    def _note_failure(self, outcome: PaymentOutcome) -> None:
        match outcome:
            case RequiresAction():
                self._note_payment("payment_requires_action", STRIPE)
            case Stopped():
                self._note_payment("payment_stopped", STRIPE, reason=outcome.reason)
            case _:
                self._note_payment("payment_declined", STRIPE, decline_code=_code(outcome))


def _code(outcome: PaymentOutcome) -> str | None:
    match outcome:
        case Declined():
            return outcome.code
        case NoPaymentMethod():
            return "no_payment_method"
        case Stopped():
            return "payment_stopped"
        case _:
            return None


def _anonymous(entry: TimelineEntry) -> TimelineEntry:
    return entry.model_copy(update={"actor": Actor(kind=entry.actor.kind), "reason": None})
