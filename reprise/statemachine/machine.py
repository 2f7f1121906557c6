"""The state machine of an account: every state and every transition (R1-R14), and the way in for events.

What the transitions ask is in `guards.py`, what they do in `decisions.py`, by the same names.
"""

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from statemachine import State, StateChart
from statemachine.exceptions import TransitionNotAllowed
from statemachine.transition_list import TransitionList

from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import AnyCommand, OpenAccount
from reprise.statemachine.decisions import Decisions
from reprise.statemachine.effects import Announce, Effect
from reprise.statemachine.guards import check_sum
from reprise.statemachine.payments import (
    CustomerRegistered,
    Declined,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    Paid,
    PaymentMethodChanged,
    PaymentOutcome,
    PaymentStatus,
    Quote,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.schedule import (
    Deadline,
    DeadlineKind,
    renewal_access_until,
    retry_instants,
)
from reprise.statemachine.terms import whole_seconds

Event = (
    AnyCommand | Deadline | PaymentOutcome | InvoiceObserved | InvoiceVoided | CustomerRegistered | PaymentMethodChanged
)
"""Everything that can happen to an open account, save a hint, which carries nothing to believe (R15)."""

Effects = tuple[Effect, ...]


def _in_place(*states: State, **how: str) -> TransitionList:
    """Declare a transition that leaves each of `states` as it is.

    One for each state: an internal transition of a compound state enters its initial child again (3.2.2).
    """
    transitions: TransitionList = reduce(or_, [state.to.itself(internal=True, **how) for state in states])
    return transitions


class AccountMachine(StateChart[Decisions]):
    """Decides what happens to one account: (account, event, now) → (account', effects).

    Strict: an event that the state does not allow raises `Refused` and changes nothing. Time is an argument, in UTC; it
    is cut down to whole seconds.
    """

    allow_event_without_transition = False
    catch_errors_as_events = False

    new = State(initial=True)

    class in_service(State.Compound, name="In service"):
        active = State(initial=True)
        cancelled = State()
        past_due = State()
        reactivated = State()

    class out_of_service(State.Compound, name="Out of service"):
        disabled = State(initial=True)
        closed = State(final=True)

    _active, _cancelled = in_service.active, in_service.cancelled
    _past_due, _reactivated = in_service.past_due, in_service.reactivated
    _disabled, _closed = out_of_service.disabled, out_of_service.closed

    _open = (_active, _cancelled, _past_due, _reactivated, _disabled)

    # R1
    open = (
        new.to(_active, cond="paid_elsewhere", on="start_paid_elsewhere")
        | new.to(_disabled, cond="paid_term_is_over", on="start_lapsed")
        | new.to(_active, cond="is_free", on="start_free")
        | new.to(_disabled, on="collect_first_payment")
    )

    # R3
    cancel = (
        _active.to(_disabled, cond="at_once", validators="no_payment_under_way", on="end_at_once")
        | _reactivated.to(_disabled, cond="at_once", validators="no_payment_under_way", on="end_at_once")
        | _active.to(_cancelled, validators="no_payment_under_way", on="cancel_at_term_end")
        | _reactivated.to(_cancelled, validators="no_payment_under_way", on="cancel_at_term_end")
        | _cancelled.to.itself(internal=True)
        | _past_due.to(_disabled, validators="no_payment_under_way", on="give_up_renewal")
        | _disabled.to.itself(internal=True, cond="payment_under_way", validators="no_payment_under_way")
        | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="call_off_payment")
    )

    # R4, R6, R14
    _may_return = ("not_held_by_operator", "quote_holds")
    reactivate = (
        _cancelled.to(_active, cond="was_active", validators="quote_holds", on="resume")
        | _cancelled.to(_reactivated, validators="quote_holds", on="resume")
        | _disabled.to.itself(internal=True, cond="payment_under_way", validators=_may_return)
        | _disabled.to.itself(
            internal=True, cond="awaiting_authentication", validators=_may_return, on="look_at_invoice"
        )
        | _disabled.to(_reactivated, unless="term_is_over", validators=_may_return, on="return_within_term")
        | _disabled.to(_reactivated, cond="is_free", validators=_may_return, on="return_free")
        | _disabled.to.itself(internal=True, validators=_may_return, on="collect_upfront_payment")
    )

    # R11, R13: taken in any state but closed
    set_carts = _in_place(*_open, validators="sum_can_be_charged", on="change_carts")
    change_plan = _in_place(*_open, validators="sum_can_be_charged", on="change_price")
    set_payment_method = _in_place(*_open, on="change_payment_method")

    # R13
    disable = in_service.to(_disabled, validators="no_payment_under_way", on="hold") | _disabled.to.itself(
        internal=True, validators="no_payment_under_way", on="hold"
    )
    enable = (
        _disabled.to.itself(internal=True, cond="was_out_of_service", on="lift_hold")
        | _disabled.to(_cancelled, cond="was_cancelled", unless="term_is_over", on="take_up_again")
        | _disabled.to(_reactivated, unless="term_is_over", validators="no_payment_open", on="take_up_again")
        | _disabled.to.itself(internal=True, cond="held_by_operator", on="lift_hold")
    )
    extend_term = _in_place(*_open, validators="no_payment_open", on="extend")
    close = in_service.to(_closed, validators="no_payment_under_way", on="end_for_good") | _disabled.to(
        _closed, validators="no_payment_under_way", on="end_for_good"
    )

    # R5
    term_ended = (
        _cancelled.to(_disabled, on="run_out")
        | _active.to.itself(internal=True, cond="is_free", on="renew_free")
        | _reactivated.to(_active, cond="is_free", on="renew_free")
        | _active.to.itself(internal=True, on="collect_renewal")
        | _reactivated.to.itself(internal=True, on="collect_renewal")
    )

    # R9, R10, R15
    payment_due = (
        _past_due.to.itself(internal=True, on="collect_again")
        | _disabled.to.itself(internal=True, cond="authentication_is_late", on="void_invoice")
        | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="look_at_invoice")
    )
    payment_hint = _past_due.to.itself(
        internal=True, unless="payment_under_way", on="look_at_invoice"
    ) | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="look_at_invoice")
    payment_method_replaced = _past_due.to.itself(
        internal=True, unless="payment_under_way", on="collect_again"
    ) | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="collect_again")
    authentication_expired = _disabled.to.itself(internal=True, on="expire")

    # R8: how an attempt to collect turned out
    payment_paid = (
        _disabled.to.itself(internal=True, cond="payment_called_off", on="keep_paid_term")
        | _disabled.to(_reactivated, cond="is_reactivation", on="enter_paid_term")
        | _disabled.to(_active, on="enter_paid_term")
        | _active.to.itself(internal=True, on="enter_paid_term")
        | _reactivated.to(_active, on="enter_paid_term")
        | _past_due.to(_active, on="enter_paid_term")
    )
    payment_declined = (
        _disabled.to.itself(internal=True, on="stay_out")
        | _active.to(_past_due, on="retry_later")
        | _reactivated.to(_past_due, on="retry_later")
        | _past_due.to.itself(internal=True, cond="retries_left", on="retry_later")
        | _past_due.to(_disabled, on="fail_renewal")
    )
    payment_needs_action = (
        _disabled.to.itself(internal=True, on="await_authentication")
        | _active.to(_past_due, on="retry_later")
        | _reactivated.to(_past_due, on="retry_later")
        | _past_due.to.itself(internal=True, cond="retries_left", on="retry_later")
        | _past_due.to(_disabled, on="fail_renewal")
    )
    payment_stopped = (
        _disabled.to.itself(internal=True, on="stay_out")
        | _active.to(_past_due, on="retry_after_mend")
        | _reactivated.to(_past_due, on="retry_after_mend")
        | _past_due.to.itself(internal=True, on="retry_after_mend")
    )

    # Short names for this declaration only: the chart would take them for the states' ids.
    del _active, _cancelled, _past_due, _reactivated, _disabled, _closed, _open, _may_return

    def __init__(self, account: Account) -> None:
        """Take an account up where its record says it is."""
        super().__init__(Decisions(account), state_field="configuration", start_value=account.state.value)

    # ------------------------------------------------------------------ the way in

    @classmethod
    def opening(cls, command: OpenAccount, now: datetime) -> tuple["AccountMachine", Effects]:
        """Open an account (R1); return its machine and the first effects.

        Raises:
            Refused: `invalid_request`, when the upfront payment is more than Stripe charges at once (R20).
        """
        now = whole_seconds(now)
        check_sum(command.plan, command.carts, "carts")
        machine = cls(
            Account(
                account_id=command.account_id,
                email=command.email,
                state=AccountState.NEW,
                plan=command.plan,
                policy=command.policy,
                carts=command.carts,
                timezone=command.timezone,
                opened_at=now,
            )
        )
        return machine, machine._happen("open", now, command=command)

    def take(self, event: Event, now: datetime) -> Effects:
        """Let one event happen, and return what is to be done in the world.

        A deadline that no longer applies, an answer about another payment than the latest, the failure of an attempt
        that is not under way, and what Stripe says of a closed account's customer change nothing.

        Raises:
            Refused: The state forbids the command; nothing has changed.
        """
        now = whole_seconds(now)
        match event:
            case Deadline():
                return self._happen(event.kind.value, now) if event == self.deadline else ()
            case CustomerRegistered() | PaymentMethodChanged() if self._is("closed"):
                return ()
            case CustomerRegistered():
                return self._note(now, lambda: self.model.register(event))
            case PaymentMethodChanged():
                return self._take_payment_method(event, now)
            case InvoiceObserved() | InvoiceVoided() | Paid() | Declined() | NoPaymentMethod():
                return self._take_outcome(event, now)
            case RequiresAction() | Stopped():
                return self._take_outcome(event, now)
            case _:
                return self._happen(event.name, now, command=event)

    def hint(self, now: datetime) -> Effects:
        """Take a hint that something may have changed at Stripe (R15): look, where there is anything to see."""
        try:
            return self._happen("payment_hint", whole_seconds(now))
        except Refused:
            return ()

    def check(self, command: AnyCommand, now: datetime) -> None:
        """Say whether `command` would be taken at `now`, once all that is due by then has happened.

        Raises:
            Refused: It would not. Nothing has changed, either way.
        """
        trial = AccountMachine(self.account)
        trial.settle(now)
        trial.take(command, now)

    def settle(self, now: datetime) -> Effects:
        """Let every deadline that has passed happen, in order, and return the effects."""
        effects: list[Effect] = []
        while (deadline := self.deadline) and deadline.at <= whole_seconds(now):
            effects.extend(self.take(deadline, now))
        return tuple(effects)

    # ------------------------------------------------------------------ questions

    @property
    def account(self) -> Account:
        """The record as it stands."""
        return self.model.account

    @property
    def is_in_service(self) -> bool:
        """Whether the account is in the chart's compound state "in service"."""
        return "in_service" in self.configuration_values

    @property
    def renews(self) -> bool:
        """Whether the account goes on into a next term by itself (R5)."""
        return self.is_in_service and not self._is("cancelled")

    @property
    def collecting(self) -> bool:
        """Whether an attempt to collect is under way."""
        return self.model.payment_under_way()

    @property
    def deadline(self) -> Deadline | None:
        """When the account next acts by itself, and why; None while it waits for people or for an outcome."""
        account, payment = self.account, self.account.payment
        if self.collecting or self._is("closed"):
            return None
        if payment and payment.next_attempt_at:
            return Deadline(kind=DeadlineKind.PAYMENT_DUE, at=payment.next_attempt_at, summary=self._what_is_due())
        if self.is_in_service and account.term:
            return Deadline(kind=DeadlineKind.TERM_ENDED, at=account.term.end, summary="term ends")
        return None

    @property
    def access_until(self) -> datetime | None:
        """Until when the account may work even if no worker runs (R16); None when out of service."""
        account, payment = self.account, self.account.payment
        if not self.is_in_service or account.term is None:
            return None
        if self._is("cancelled"):
            return account.term.end
        if self._is("past_due") and payment:
            last = retry_instants(account.policy, payment)[-1]
            # A renewal that fails for our fault is tried past the last retry; the payer keeps access meanwhile.
            return max(last, payment.next_attempt_at or last)
        return renewal_access_until(account.policy, account.term)

    def quote(self, now: datetime) -> Quote:
        """Return what coming back at `now` costs (R7).

        Raises:
            Refused: `already_in_service`, `disabled_by_operator`, `account_closed`.
        """
        trial = AccountMachine(self.account)
        trial.settle(now)
        if "reactivate" not in [event.id for event in trial.allowed_events]:
            raise trial._refusal()
        trial.model.not_held_by_operator()
        return trial.model.current_quote(whole_seconds(now))

    # ------------------------------------------------------------------ inside

    def _is(self, state: str) -> bool:
        return state in self.configuration_values

    def _what_is_due(self) -> str:
        payment = self.account.payment
        if not self._is("past_due") or payment is None:
            return "look whether the payer has authenticated"
        retries = retry_instants(self.account.policy, payment)
        if payment.next_attempt_at in retries:
            return f"payment retry {retries.index(payment.next_attempt_at) + 1} of {len(retries)}"
        return "payment retry after a fault of ours"

    def _take_outcome(self, event: PaymentOutcome | InvoiceObserved | InvoiceVoided, now: datetime) -> Effects:
        payment = self.account.payment
        if payment is None or event.payment_key != payment.key or payment.status is PaymentStatus.PAID:
            return ()
        match event:
            case Paid() if self._is("closed"):
                return self._note(now, self.model.note_late_payment)
            case Paid():
                self.model.remember_invoice(event.invoice_id, event.payment_method)
                return self._happen("payment_paid", now)
            case Declined() | NoPaymentMethod() | RequiresAction() | Stopped() if not self.collecting:
                return ()
            case Declined() | NoPaymentMethod():
                return self._happen("payment_declined", now, outcome=event)
            case RequiresAction():
                return self._happen("payment_needs_action", now, outcome=event)
            case Stopped():
                return self._happen("payment_stopped", now, outcome=event)
            case InvoiceObserved(invoice=InvoiceState.PAID) | InvoiceVoided(invoice=InvoiceState.PAID):
                paid = Paid(
                    payment_key=event.payment_key,
                    invoice_id=event.invoice_id,
                    payment_method=payment.payment_method,
                )
                return self._take_outcome(paid, now)
            case InvoiceObserved(invoice=InvoiceState.OPEN):
                new_method = event.payment_method and event.payment_method != payment.payment_method
                return self._if_allowed("payment_method_replaced", now) if new_method else ()
            case InvoiceVoided() if payment.status is PaymentStatus.REQUIRES_ACTION:
                return self._happen("authentication_expired", now)
            case _:
                return ()

    def _take_payment_method(self, event: PaymentMethodChanged, now: datetime) -> Effects:
        if event.refused:
            return ()
        noted = self._note(now, lambda: self.model.note_payment_method(event.asked_by))
        return noted + self._if_allowed("payment_method_replaced", now)

    def _happen(self, trigger: str, now: datetime, **facts: Any) -> Effects:
        before, configuration = self.model.account, self.current_state_value
        self.model.begin()
        try:
            self.send(trigger, now=now, **facts)
        except TransitionNotAllowed:
            raise self._refusal() from None
        except BaseException:
            self.model.account, self.current_state_value = before, configuration
            raise
        return self._conclude(now)

    def _if_allowed(self, trigger: str, now: datetime) -> Effects:
        try:
            return self._happen(trigger, now)
        except Refused:
            return ()

    def _note(self, now: datetime, action: Callable[[], None]) -> Effects:
        """Let something be noted that moves no state."""
        self.model.begin()
        action()
        return self._conclude(now)

    def _conclude(self, now: datetime) -> Effects:
        entries = self.model.conclude(self._state(), now)
        return (*self.model.effects, *(Announce(entry=entry) for entry in entries))

    def _state(self) -> AccountState:
        return next(state for state in AccountState if state.value in self.configuration_values)

    def _refusal(self) -> Refused:
        if self._is("closed"):
            return Refused(RefusalCode.ACCOUNT_CLOSED, "This account is closed for good. Open a new one.")
        if self.is_in_service:
            return Refused(
                RefusalCode.ALREADY_IN_SERVICE, "This account is in service: there is nothing to bring back."
            )
        return Refused(
            RefusalCode.NOT_IN_SERVICE,
            "This account is out of service. Reactivate it first (with its quote).",
        )
