"""What every decision is made with: the record, the timeline's new entries, the effects (R17)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.effects import Effect
from reprise.statemachine.guards import Guards
from reprise.statemachine.outcomes import Invoice
from reprise.statemachine.timeline import KEPT, Actor, EntryType, TimelineEntry


class Recording(Guards):
    """The record, and what has been decided about it since the last event."""

    def __init__(self) -> None:
        """Start without a record."""
        self.effects: list[Effect] = []
        self._notes: list[dict[str, Any]] = []

    def take_up(self, account: Account) -> None:
        """Hold a record, to decide about it."""
        self.account = account

    def leave(self) -> None:
        """Hold nothing of the record any more."""
        del self.account
        self.begin()

    def begin(self) -> None:
        """Forget what was decided about the event before."""
        self.effects = []
        self._notes = []

    def conclude(
        self, state: AccountState, now: datetime, access_until: Callable[[Account], datetime | None]
    ) -> Sequence[TimelineEntry]:
        """Put the state reached and the timeline's new entries (R17) into the record, and return the entries.

        Args:
            state: The state reached.
            now: The time, in UTC.
            access_until: Until when an account may work (R16): each entry says so, for whoever is told of it (R18).
        """
        before = self.account.state
        self._set(state=state)
        account, until = self.account, access_until(self.account) if self._notes else None
        entries = [
            TimelineEntry(
                sequence=account.sequence + n,
                at=now,
                from_state=before if n == 1 else state,
                to_state=state,
                access_until=until,
                **note,
            )
            for n, note in enumerate(self._notes, start=1)
        ]
        self._set(
            sequence=account.sequence + len(entries),
            timeline=(*account.timeline, *entries)[-KEPT:],
        )
        return entries

    def _set(self, **changes: Any) -> None:
        self.account = self.account.model_copy(update=changes)

    def _set_payment(self, **changes: Any) -> None:
        self._set(payment=self._payment.model_copy(update=changes))

    def _note(self, what: EntryType, actor: Actor, **facts: Any) -> None:
        self._notes.append({"type": what, "actor": actor, **facts})

    def _note_once(self, what: EntryType, actor: Actor, reason: str) -> None:
        """Note a fault that goes on, unless the timeline says so since the last change for the better."""
        last = next((entry for entry in reversed(self.account.timeline) if entry.type is what), None)
        if last is None or last.reason != reason:
            self._note(what, actor, reason=reason)

    def _note_payment(self, what: EntryType, actor: Actor, **facts: Any) -> None:
        payment = self._payment
        self._note(
            what,
            actor,
            **{
                "amount": payment.quote.amount_due,
                "currency": payment.quote.currency,
                "payment_key": payment.key,
                "invoice_id": payment.invoice_id,
                "carts": payment.quote.carts,
                "unit_amount": payment.quote.unit_amount,
                **facts,
            },
        )

    def _note_invoice(self, what: EntryType, actor: Actor, invoice: Invoice, **facts: Any) -> None:
        self._note(
            what,
            actor,
            amount=invoice.amount,
            currency=invoice.currency,
            payment_key=invoice.payment_key,
            invoice_id=invoice.invoice_id,
            carts=invoice.quantity,
            unit_amount=invoice.unit_amount,
            **parts_of(invoice.amount, invoice.charged),
            **facts,
        )


def parts_of(amount: int, charged: int | None) -> dict[str, int]:
    """Return what was charged and what a credit balance paid of an amount, where it paid a part (R8)."""
    if charged is None or charged == amount:
        return {}
    return {"charged": charged, "from_balance": amount - charged}
