"""The core, as functions: (account, event, now) → (account', effects).

What decides is the chart, which holds no account from one call to the next. Time is an argument, in UTC; it is cut down
to whole seconds. A command that the state forbids raises `Refused`, and nothing has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from reprise.statemachine import editions
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import AnyCommand, OpenAccount
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.driving import Effects, chart_with, refusal
from reprise.statemachine.effects import Collect, Effect, RetrieveRefund
from reprise.statemachine.openings import check_opening
from reprise.statemachine.outcome_events import OutcomeEvents
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    CustomerErased,
    CustomerNotRegistered,
    CustomerRegistered,
    Declined,
    EarlierPayment,
    EmailChanged,
    InvoiceObserved,
    InvoiceVoided,
    NoPaymentMethod,
    NothingObserved,
    NotKnown,
    Paid,
    PaymentMethodChanged,
    PaymentOutcome,
    Processing,
    RefundObserved,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.quotes import Quote
from reprise.statemachine.schedule import Deadline, DeadlineKind
from reprise.statemachine.standing import MAY_REACTIVATE
from reprise.statemachine.terms import whole_seconds
from reprise.statemachine.timeline import UNKNOWN_ENTRIES, Actor

Event = (
    AnyCommand
    | Deadline
    | PaymentOutcome
    | InvoiceObserved
    | InvoiceVoided
    | CustomerRegistered
    | CustomerNotRegistered
    | PaymentMethodChanged
    | EmailChanged
    | CustomerErased
    | RefundObserved
    | NothingObserved
)
"""Everything that can happen to an open account, save a hint, which carries nothing to believe (R15)."""


class Decision(NamedTuple):
    """What was decided: the account from now on, and what is to be done in the world."""

    account: Account
    effects: Effects


# ---------------------------------------------------------------------- decisions


def open_account(
    command: OpenAccount, now: datetime, *, edition: int = editions.NEWEST, life: str | None = None
) -> Decision:
    """Open an account (R1, R25).

    Args:
        command: What is to be opened.
        now: The time, in UTC.
        edition: By which edition of the rules the account is decided (R28).
        life: What tells this life of the id from an earlier one (R8).

    Raises:
        Refused: `invalid_request`: a sum that Stripe does not charge, an e-mail that it does not take, an anchor that
            does not fit (R1, R20, R25).
    """
    now = whole_seconds(now)
    check_opening(command, now, edition)
    account = Account(
        edition=edition,
        life=life,
        account_id=command.account_id,
        email=command.email,
        state=AccountState.NEW,
        plan=command.plan,
        policy=command.policy,
        carts=command.carts,
        timezone=command.timezone,
        opened_at=command.opened_at or now,
    )
    with _deciding(account) as deciding:
        effects = deciding.open(command, now)
        return Decision(deciding.account, effects)


def take(account: Account, event: Event, now: datetime) -> Decision:
    """Let one event happen.

    A hold for a dispute that had to wait for a payment under way follows by itself (R24).

    A deadline that no longer applies, an answer about another payment than the latest, the failure of an attempt that
    is not under way, and what Stripe says of a closed account's customer change nothing.

    Raises:
        Refused: The state forbids the command.
    """
    with _deciding(account) as deciding:
        effects = deciding.take(event, whole_seconds(now))
        return Decision(deciding.account, effects)


def fire_due(account: Account, now: datetime) -> Decision:
    """Let every deadline that has passed happen, in order."""
    with _deciding(account) as deciding:
        effects = deciding.fire_due(whole_seconds(now))
        return Decision(deciding.account, effects)


def hint(
    account: Account,
    now: datetime,
    payment_key: str | None = None,
    refund_id: str | None = None,
    *,
    customer_deleted: bool = False,
) -> Decision:
    """Take a hint that something may have changed at Stripe (R15): poll Stripe, where there is anything to see.

    Args:
        account: The account.
        now: The time, in UTC.
        payment_key: The payment whose invoice the hint is about, if it says so: retrieved in any state (R22).
        refund_id: The refund or dispute that it is about (R24).
        customer_deleted: Whether it is about the customer's deletion: then the customer is registered anew (R23).
    """
    now = whole_seconds(now)
    with _deciding(account) as deciding:
        if account.edition < editions.SECOND:
            effects = deciding.retrieve_if_awaited(now)
        elif account.customer_id is None or account.is_collecting:
            effects = ()  # nothing is there, or the attempt under way sees it
        elif refund_id is not None:
            effects = (RetrieveRefund(object_id=refund_id),)
        elif not (effects := deciding.retrieve_if_awaited(now)):
            news = payment_key is not None and payment_key not in account.paid_keys
            news = news or (customer_deleted and account.state is not AccountState.CLOSED)
            effects = deciding.retrieve_invoices(now) if news or account.voids_owed else ()
        return Decision(deciding.account, effects)


def note_cancellation_request(account: Account, now: datetime) -> Decision:
    """Tell that Temporal's own cancellation was asked for, which does not end an account (R27)."""
    if account.state is AccountState.CLOSED:
        return Decision(account, ())
    with _deciding(account) as deciding:
        effects = deciding.note_cancellation_request(whole_seconds(now))
        return Decision(deciding.account, effects)


def restore(account: Account, actor: Actor, how: str, now: datetime, *, undone: Effects, older: bool) -> Decision:
    """Take an account up again from its record, and tell it (R27). A payment under way goes on by its key.

    Args:
        account: The record, of an open account.
        actor: Who restores it.
        how: From what, for the timeline.
        now: The time, in UTC.
        undone: What the record says is still to be done, and will be.
        older: Whether the record may lack what happened last. The product may have been told of that: its numbers are
            not given again.
    """
    if older:
        account = account.model_copy(update={"sequence": account.sequence + UNKNOWN_ENTRIES})
    with _deciding(account) as deciding:
        told = deciding.note_restored(actor, how, whole_seconds(now))
        payment = deciding.account.payment
        lost = account.is_collecting and not any(isinstance(each, Collect) for each in undone)
        again = (Collect(payment=payment),) if payment is not None and lost else ()
        return Decision(deciding.account, (*again, *told))


# ---------------------------------------------------------------------- questions; nothing changes


def check(account: Account, command: AnyCommand, now: datetime) -> Decision:
    """Return what taking `command` at `now` decides, once all that is due by then has happened.

    Raises:
        Refused: It would not be taken.
    """
    now = whole_seconds(now)
    with _deciding(account) as deciding:
        due = deciding.fire_due(now)
        taken = deciding.take(command, now)
        return Decision(deciding.account, due + taken)


def quote(account: Account, now: datetime) -> Quote:
    """Return what coming back at `now` costs, once all that is due by then has happened (R7).

    Raises:
        Refused: `already_in_service`, `disabled_by_operator`, `account_closed`.
    """
    now = whole_seconds(now)
    with _deciding(account) as deciding:
        deciding.fire_due(now)
        return deciding.quote(now)


# ---------------------------------------------------------------------- inside


@contextmanager
def _deciding(account: Account) -> Iterator["_Deciding"]:
    with chart_with(account) as chart:
        yield _Deciding(chart)


class _Deciding(OutcomeEvents):
    """One decision under way: several events may belong to it."""

    def open(self, command: OpenAccount, now: datetime) -> Effects:
        return self._happen("open", now, command=command)

    def take(self, event: Event, now: datetime) -> Effects:
        return self._take(event, now) + self._hold_if_owed(now)

    def _take(self, event: Event, now: datetime) -> Effects:
        match event:
            case Deadline(kind=DeadlineKind.VOID_DUE):
                return self._note(now, lambda: self.model.void_what_is_owed(now))
            case Deadline(kind=DeadlineKind.ERASURE_DUE):
                return self._note(now, lambda: self.model.erase_again(now))
            case Deadline(kind=DeadlineKind.RENEWAL_UPCOMING):
                return self._note(now, lambda: self.model.note_renewal_upcoming(now))
            case Deadline():
                return self._happen(event.kind.value, now) if event == deadline_of(self.account) else ()
            case RefundObserved():
                return self._take_refund(event, now)
            case CustomerRegistered() | CustomerNotRegistered() if self._is_closed:
                return ()
            case PaymentMethodChanged() | EmailChanged() if self._is_closed:
                return ()
            case CustomerRegistered():
                return self._note(now, lambda: self.model.register(event))
            case CustomerNotRegistered():
                return self._note(now, lambda: self.model.note_not_registered(event.reason))
            case PaymentMethodChanged():
                return self._take_payment_method(event, now)
            case EmailChanged():
                return self._take_email(event, now)
            case CustomerErased() if not self._is_closed:
                return ()
            case CustomerErased():
                return self._note(now, lambda: self.model.note_erased(event, now))
            case InvoiceObserved():
                return self._take_observed(event, now)
            case InvoiceVoided():
                return self._take_void(event, now)
            case NothingObserved():
                return ()
            case Paid() | Processing() | Declined() | NoPaymentMethod() | CustomerDeleted() | EarlierPayment():
                return self._take_outcome(event, now)
            case RequiresAction() | Stopped() | NotKnown():
                return self._take_outcome(event, now)
            case _:
                return self._happen(event.name, now, command=event)

    def fire_due(self, now: datetime) -> Effects:
        effects: list[Effect] = []
        while (deadline := deadline_of(self.account)) and deadline.at <= now:
            effects.extend(self.take(deadline, now))
        return tuple(effects)

    def retrieve_if_awaited(self, now: datetime) -> Effects:
        return self._if_allowed("payment_hint", now)

    def retrieve_invoices(self, now: datetime) -> Effects:
        return self._note(now, self.model.retrieve_invoices)

    def note_cancellation_request(self, now: datetime) -> Effects:
        return self._note(now, self.model.note_cancellation_request)

    def note_restored(self, actor: Actor, how: str, now: datetime) -> Effects:
        return self._note(now, lambda: self.model.note_restored(actor, how))

    def quote(self, now: datetime) -> Quote:
        if self.account.state not in MAY_REACTIVATE:
            raise refusal(self.account)
        self.model.not_held_by_operator()
        return self.model.current_quote(now)
