"""Hints: reasons to poll Stripe (R15). However many come, each subject is retrieved once, and not too often."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta

from temporalio import workflow

from reprise.workflows.limits import HOUR
from reprise.workflows.messages import HeldHints, PaymentHint

MAX_SUBJECTS = 20
"""How many payments, refunds and disputes are retrieved one by one; more become one poll in general."""

MAX_HINTED_POLLS_PER_DAY = 60
"""From how many polls on that hints caused within a day hints are taken once an hour."""

DAY = timedelta(days=1)

CUSTOMER_DELETED = "customer.deleted"
"""The event that tells of a customer's deletion (docs.stripe.com/api/events/types#event_types-customer.deleted)."""

_Subject = tuple[str | None, str | None, bool]


class Hints:
    """What Stripe has hinted at and was not retrieved yet, in the order of coming."""

    def __init__(self, held: HeldHints) -> None:
        """Take up what the run before has not retrieved."""
        self._waiting: OrderedDict[_Subject, PaymentHint] = OrderedDict()
        self._left, self._since = MAX_HINTED_POLLS_PER_DAY - held.looks, held.since
        self._hold_until: datetime | None = None
        self._holding: asyncio.Task[None] | None = None
        for hint in held.hints:
            self.add(hint)

    def add(self, hint: PaymentHint) -> None:
        """Let a hint wait. One of the same subject that waits already says as much."""
        subject: _Subject = (hint.payment_key, hint.refund_id, hint.event_type == CUSTOMER_DELETED)
        if subject not in self._waiting and len(self._waiting) >= MAX_SUBJECTS:
            subject, hint = (None, None, False), PaymentHint()
        self._waiting[subject] = hint

    def are_due(self, now: datetime) -> bool:
        """Whether a hint waits that may be taken now."""
        return bool(self._waiting) and not (self._hold_until and now < self._hold_until)

    def take(self) -> PaymentHint:
        """Take the hint that has waited longest."""
        if self._hold_until:
            self._hold_until, self._left = None, len(self._waiting)
        _, hint = self._waiting.popitem(last=False)
        return hint

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def polled(self, now: datetime) -> None:
        """Count a poll that a hint has caused. After too many in a day, those that come are held for an hour each."""
        if self._since is None or now - self._since >= DAY:
            self._since, self._left = now, MAX_HINTED_POLLS_PER_DAY
        self._left -= 1
        if self._left <= 0:
            self._hold_until = now + HOUR

    def unwatched(self, now: datetime) -> timedelta:
        """How long hints are still held for which no timer runs; zero where one does, or none is held."""
        if not self._waiting or self._hold_until is None or (self._holding and not self._holding.done()):
            return timedelta(0)
        return max(self._hold_until - now, timedelta(0))

    def start_waiting(self) -> None:
        """Let a timer wake the account when hints that are held may be taken."""
        if wait := self.unwatched(workflow.now()):
            self._holding = asyncio.create_task(workflow.sleep(wait, summary="hints are held"))

    def held(self) -> HeldHints:
        """What the next run is to retrieve."""
        polls = MAX_HINTED_POLLS_PER_DAY - max(self._left, 0)
        return HeldHints(hints=tuple(self._waiting.values()), looks=polls, since=self._since)
