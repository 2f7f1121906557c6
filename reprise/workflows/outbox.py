"""The outbox: what each of the product's endpoints has not heard yet, told in the background, in order (R18).

Which endpoints there are is the workers' business: an account is told their names with each delivery. Each has a
position in what there is to tell, and one try under way at the most, so that none waits for another. An endpoint that
does not answer is tried by one activity for as long as it takes, with delays that grow (`DELAYS` in
activities/announcements.py): Temporal repeats it without a word in the history.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from temporalio import workflow

from reprise.schemas.announcements import EndpointBacklog
from reprise.statemachine.timeline import TimelineEntry
from reprise.temporal.search_attributes import UNDELIVERED_TO
from reprise.workflows.delivery import Delivery, Discovery
from reprise.workflows.limits import Backoff
from reprise.workflows.messages import EndpointPosition, ResendAnnouncements

ENTRIES_AT_ONCE = 20


class Outbox:
    """What is to be announced, and how far each endpoint has come. Two tries at one endpoint are never in flight."""

    def __init__(
        self,
        account_id: str,
        sequence: int,
        untold: Iterable[TimelineEntry],
        positions: Iterable[EndpointPosition],
        not_before: datetime | None,
    ) -> None:
        """Take up what the run before has not told.

        Args:
            account_id: The account.
            sequence: That of its latest entry.
            untold: What some endpoint has not taken.
            positions: How far each has come; none is known before the first announcement.
            not_before: Until when a try of a run of the first edition may be under way.
        """
        self._account_id = account_id
        self._sequence = sequence
        self._untold = list(untold)
        self._deliveries = {each.endpoint: Delivery(account_id, each) for each in positions}
        self._not_before = not_before
        self._discovery: Discovery | None = None
        self._asked_again = False
        self._backoff = Backoff()
        self._shown = tuple(workflow.info().typed_search_attributes.get(UNDELIVERED_TO) or ())

    def __len__(self) -> int:
        """How many changes some endpoint has not heard of, as far as is known."""
        return len(self._untold)

    def add(self, entry: TimelineEntry) -> None:
        """Let a change wait to be told."""
        self._sequence = entry.sequence
        self._untold.append(entry)

    @property
    def may_be_left(self) -> bool:
        """Whether a new run may begin: always. It tells nothing before the tries under way must be over."""
        return True

    @property
    def not_before(self) -> datetime | None:
        """Until when a try of a run of the first edition may be under way, as long as nothing was told since."""
        return self._not_before

    def untold(self) -> tuple[TimelineEntry, ...]:
        """What the next run is to tell."""
        return tuple(self._untold)

    def positions(self) -> tuple[EndpointPosition, ...]:
        """How far each endpoint has come, for the next run."""
        return tuple(each.position() for each in self._deliveries.values())

    @property
    def undelivered_to(self) -> tuple[str, ...]:
        """The endpoints that take nothing, by their names, in a fixed order."""
        return tuple(sorted(name for name, each in self._deliveries.items() if each.is_stuck))

    def backlog(self) -> tuple[EndpointBacklog, ...]:
        """What each endpoint has not taken yet."""
        return tuple(each.backlog(self._untold) for each in self._deliveries.values())

    # ------------------------------------------------------------------ telling

    @property
    def has_finished(self) -> bool:
        """Whether a try has come to its end, or a wait before one, or was asked for."""
        found = self._discovery is not None and self._discovery.has_finished
        return found or self._asked_again or any(each.has_finished for each in self._deliveries.values())

    def start(self) -> None:
        """Tell each endpoint what it has not heard, unless it is being told, or is to be waited for."""
        if self._untold and not self._deliveries and self._discovery is None:
            self._discovery = Discovery(self._not_before)
        for each in self._deliveries.values():
            if not each.is_busy:
                each.start(tuple(islice((e for e in self._untold if e.sequence >= each.next), ENTRIES_AT_ONCE)))

    def stop(self) -> None:
        """Give way to a new run: begin nothing more. What is under way is left to its end."""

    def finish(self) -> None:
        """Take what tries have come to: what every endpoint has taken is done with."""
        self._asked_again = False
        told_of = bool(self._deliveries)
        if self._discovery is not None and self._discovery.has_finished:
            told_of = self._discovered()
        for name, each in list(self._deliveries.items()):
            if not each.has_finished:
                continue
            self._know(each.finish(), self._sequence + 1)
            if each.is_gone:
                del self._deliveries[name]
                left = sum(entry.sequence >= each.next for entry in self._untold)
                about = {"endpoint": name, "account": self._account_id, "dropped": left}
                workflow.logger.warning("an announcement endpoint is gone, and what waited for it", extra=about)
        if self._deliveries:
            needed = min(each.next for each in self._deliveries.values())
            while self._untold and self._untold[0].sequence < needed:
                self._untold.pop(0)
        elif told_of:
            self._untold.clear()  # there is nobody to tell
        self._show()

    def _discovered(self) -> bool:
        """Take the answer to the question which endpoints there are; say whether there was one."""
        assert self._discovery is not None
        names, self._discovery = self._discovery.result(), None
        if names is None:
            self._not_before = workflow.now() + self._backoff.failed()
            return False
        self._not_before = None
        self._know(names, self._untold[0].sequence)  # what made it ask
        return True

    def resend(self, asked: ResendAnnouncements, told: Iterable[TimelineEntry]) -> bool:
        """Tell entries again from a sequence number on, or at once what waits; in an order that stays the account's.

        Args:
            asked: Which endpoint, all of them without one; and from which entry on: as far back as `told` goes.
            told: The timeline as it is kept.

        Returns:
            False: this run does it.
        """
        chosen = [each for name, each in self._deliveries.items() if asked.endpoint in {None, name}]
        for each in chosen:
            each.try_now(None if asked.from_sequence is None else min(asked.from_sequence, self._sequence + 1))
        if asked.from_sequence is not None and chosen:
            known = {entry.sequence: entry for entry in (*told, *self._untold)}
            first = min(each.next for each in self._deliveries.values())
            self._untold = [known[number] for number in sorted(known) if number >= first]
        self._asked_again = True
        return False

    def _know(self, names: tuple[str, ...], start: int) -> None:
        """Note the endpoints that a worker has told of: one that is new is told what comes from `start` on."""
        for name in names:
            if name not in self._deliveries:
                self._deliveries[name] = Delivery(
                    self._account_id, EndpointPosition(endpoint=name, next_sequence=start)
                )

    def _show(self) -> None:
        """Show in Temporal's lists whom the account cannot tell: only when that changes."""
        if (now := self.undelivered_to) != self._shown:
            workflow.upsert_search_attributes(
                [UNDELIVERED_TO.value_set(list(now)) if now else UNDELIVERED_TO.value_unset()]
            )
            self._shown = now
