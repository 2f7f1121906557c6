"""The way into the chart for events: commands, deadlines, hints, and how what was done in the world turned out."""

from datetime import datetime

from reprise.statemachine import editions
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import AnyCommand, OpenAccount
from reprise.statemachine.driving import Effects
from reprise.statemachine.effects import Effect, LookAtRefund
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
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.quotes import Quote
from reprise.statemachine.schedule import Deadline, DeadlineKind, retry_instants
from reprise.statemachine.terms import whole_seconds

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


class AccountMachine(OutcomeEvents):
    """Decides what happens to one account: (account, event, now) → (account', effects).

    Strict: an event that the state does not allow raises `Refused` and changes nothing. Time is an argument, in UTC; it
    is cut down to whole seconds.
    """

    # ------------------------------------------------------------------ the way in

    @classmethod
    def opening(
        cls, command: OpenAccount, now: datetime, *, edition: int = editions.NEWEST, life: str | None = None
    ) -> tuple["AccountMachine", Effects]:
        """Open an account (R1, R25); return its machine and the first effects.

        Args:
            command: What is to be opened.
            now: The time, in UTC.
            edition: By which edition of the rules the account is decided (R28).
            life: What tells this life of the id from an earlier one (R8).

        Raises:
            Refused: `invalid_request`: a sum that Stripe does not charge, an e-mail that it does not take, an anchor
                that does not fit (R1, R20, R25).
        """
        now = whole_seconds(now)
        check_opening(command, now, edition)
        machine = cls(
            Account(
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
        )
        return machine, machine._happen("open", now, command=command)

    def take(self, event: Event, now: datetime) -> Effects:
        """Let one event happen, and return what is to be done in the world.

        A hold for a dispute that had to wait for a payment under way follows by itself (R24).

        A deadline that no longer applies, an answer about another payment than the latest, the failure of an attempt
        that is not under way, and what Stripe says of a closed account's customer change nothing.

        Raises:
            Refused: The state forbids the command; nothing has changed.
        """
        now = whole_seconds(now)
        return self._take(event, now) + self._hold_if_owed(now)

    def _take(self, event: Event, now: datetime) -> Effects:
        match event:
            case Deadline(kind=DeadlineKind.VOID_DUE):
                return self._note(now, lambda: self.model.void_what_is_owed(now))
            case Deadline(kind=DeadlineKind.ERASURE_DUE):
                return self._note(now, lambda: self.model.erase_again(now))
            case Deadline():
                return self._happen(event.kind.value, now) if event == self.deadline else ()
            case RefundObserved():
                return self._take_refund(event, now)
            case CustomerRegistered() | CustomerNotRegistered() | PaymentMethodChanged() | EmailChanged() if self._is(
                "closed"
            ):
                return ()
            case CustomerRegistered():
                return self._note(now, lambda: self.model.register(event))
            case CustomerNotRegistered():
                return self._note(now, lambda: self.model.note_not_registered(event.reason))
            case PaymentMethodChanged():
                return self._take_payment_method(event, now)
            case EmailChanged():
                return self._take_email(event, now)
            case CustomerErased() if not self._is("closed"):
                return ()
            case CustomerErased():
                return self._note(now, lambda: self.model.note_erased(event, now))
            case InvoiceObserved():
                return self._take_look(event, now)
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

    def hint(
        self,
        now: datetime,
        payment_key: str | None = None,
        refund_id: str | None = None,
        *,
        customer_deleted: bool = False,
    ) -> Effects:
        """Take a hint that something may have changed at Stripe (R15): look, where there is anything to see.

        Args:
            now: The time, in UTC.
            payment_key: The payment whose invoice the hint is about, if it says so: looked for in any state (R22).
            refund_id: The refund or dispute that it is about (R24).
            customer_deleted: Whether it is about the customer's deletion: then the look registers it anew (R23).
        """
        now = whole_seconds(now)
        account = self.account
        if account.edition < editions.SECOND:
            return self._if_allowed("payment_hint", now)
        if account.customer_id is None or self.collecting:
            return ()  # nothing is there, or the attempt under way sees it
        if refund_id is not None:
            return (LookAtRefund(object_id=refund_id),)
        if looked := self._if_allowed("payment_hint", now):
            return looked
        news = payment_key is not None and payment_key not in account.paid_keys
        news = news or (customer_deleted and not self._is("closed"))
        return self._note(now, self.model.look_around) if news or account.voids_owed else ()

    def note_cancellation_request(self, now: datetime) -> Effects:
        """Tell that Temporal's own cancellation was asked for, which does not end an account (R27)."""
        if self._is("closed"):
            return ()
        return self._note(whole_seconds(now), self.model.note_cancellation_request)

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
    def renews(self) -> bool:
        """Whether the account goes on into a next term by itself (R5)."""
        return self.is_in_service and not self._is("cancelled")

    @property
    def deadline(self) -> Deadline | None:
        """When the account next acts by itself, and why; None while it waits for people or for an outcome."""
        if self.collecting:
            return None
        return min(filter(None, (self._due(), self._void_due(), self._erasure_due())), key=_instant, default=None)

    def _due(self) -> Deadline | None:
        account, payment = self.account, self.account.payment
        if self._is("closed"):
            return None
        if payment and payment.next_attempt_at:
            return Deadline(kind=DeadlineKind.PAYMENT_DUE, at=payment.next_attempt_at, summary=self._what_is_due())
        if self.is_in_service and account.term:
            return Deadline(kind=DeadlineKind.TERM_ENDED, at=account.term.end, summary="term ends")
        return None

    def _void_due(self) -> Deadline | None:
        if not (owed := self.account.voids_owed):
            return None
        first = min(owed, key=lambda each: each.next_attempt_at)
        summary = f"void {first.payment_key}, which Stripe has refused so far"
        return Deadline(kind=DeadlineKind.VOID_DUE, at=first.next_attempt_at, summary=summary)

    def _erasure_due(self) -> Deadline | None:
        if not (owed := self.account.erasure_owed):
            return None
        summary = "erase the customer, which Stripe has refused so far"
        return Deadline(kind=DeadlineKind.ERASURE_DUE, at=owed.next_attempt_at, summary=summary)

    @property
    def access_until(self) -> datetime | None:
        """Until when the account may work even if no worker runs (R16); None when out of service."""
        return access_until(self.account)

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

    def _what_is_due(self) -> str:
        payment = self.account.payment
        if payment is None or payment.status is PaymentStatus.PROCESSING:
            return "look whether the payment has cleared"
        if payment.status is PaymentStatus.REQUIRES_ACTION and not self._is("past_due"):
            return "look whether the payer has authenticated"
        retries = retry_instants(self.account.policy, payment)
        if payment.next_attempt_at in retries and not payment.stopped_since:
            number = f"payment retry {retries.index(payment.next_attempt_at) + 1} of {len(retries)}"
            return f"{number}: the bank refuses this card" if payment.do_not_retry else number
        return "payment retry after a fault of ours"


def _instant(deadline: Deadline) -> datetime:
    return deadline.at
