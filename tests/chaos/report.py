"""What a run prints: what was done, what was suffered, and what was found wrong."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from tests.chaos.crowd import Recovery
from tests.chaos.evidence import Evidence
from tests.chaos.findings import Finding, Kind
from tests.chaos.growth import days_of, things_of

SHOWN = 40
"""How many findings are told one by one."""


@dataclass
class Report:
    """The figures of one run."""

    seed: int
    plan: str
    duration: float
    accounts: int
    commands: int
    requests: int
    unavailable: int
    broken: int
    kills: dict[str, int]
    pauses: int
    died: list[str]
    faults: int
    days: int
    by_hand: Counter[str]
    settled: int
    buttons: int
    deliveries: int
    spoilt: int
    asked_of_stripe: int
    payments: int
    declines: int
    renewals: int
    recovery: Recovery
    findings: list[Finding]
    evidence: list[Evidence]

    @property
    def holds(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings

    def case(self) -> str:
        """Return all that is known of the accounts with findings, as JSON."""
        guilty = {finding.account_id for finding in self.findings}
        found = {"findings": [str(each) for each in self.findings], "accounts": []}
        found["accounts"] = [asdict(each) for each in self.evidence if each.account_id in guilty]  # type: ignore[misc]
        return json.dumps(found, indent=1, default=str)

    def lines(self) -> Iterable[str]:
        """Return the report, line by line."""
        counted = Counter(finding.kind for finding in self.findings)
        kills = ", ".join(f"{part} {count}" for part, count in sorted(self.kills.items()))
        yield from map(str, self.findings[:SHOWN])
        if len(self.findings) > SHOWN:
            yield f"… and {len(self.findings) - SHOWN} more"
        yield f"seed             {self.seed} (plan {self.plan}, {self.duration:.0f} s)"
        yield f"accounts         {self.accounts}"
        unavailable = f"{self.unavailable} were answered 503, {self.broken} were answered 500"
        yield f"operations       {self.commands} commands in {self.requests} requests, of which {unavailable}"
        yield f"kills            {sum(self.kills.values())} ({kills}); {self.pauses} pauses"
        yield f"faults           {self.faults} at Stripe, which forgot its keys {self.days} times"
        by_hand = ", ".join(f"{what} {count}" for what, count in sorted(self.by_hand.items()))
        yield f"by hand          {by_hand or 'nothing'}; {self.settled} debits ended"
        yield f"in Temporal's UI {self.buttons} buttons"
        yield f"announcements    {self.deliveries} deliveries, of which {self.spoilt} were not answered well"
        yield f"payments         {self.payments} ({self.renewals} renewals); {self.declines} attempts declined"
        yield f"costs            {self.asked_of_stripe} requests at Stripe; {self._dearest()}"
        for kind in Kind:
            yield f"{NAMES[kind]:<24} {counted[kind]}"
        yield f"time to recover  {self.recovery}"
        for death in self.died:
            first, *log = death.splitlines()
            yield f"died by itself: {first.split('. ')[0]}: {log[-1].strip() if log else 'its log is empty'}"

    def _dearest(self) -> str:
        """Say what the dearest accounts have cost, for each of their days and for each thing that was done."""
        if not self.evidence:
            return "nobody's cost is known"
        a_day = self._most(lambda each: each.figures.requests / days_of(each))
        a_thing = self._most(lambda each: each.figures.requests / things_of(each))
        at_once = self._most(lambda each: each.figures.busiest)
        events_a_day = self._most(lambda each: each.figures.events / days_of(each))
        events_a_thing = self._most(lambda each: each.figures.events / things_of(each))
        return (
            f"at the most {a_day:.0f} in a day, {a_thing:.1f} for each thing done, {at_once:.0f} in ten seconds;"
            f" {events_a_day:.0f} events in a day, {events_a_thing:.1f} for each"
        )

    def _most(self, cost: Callable[[Evidence], float]) -> float:
        return max(map(cost, self.evidence))


NAMES = {
    Kind.DOUBLE_CHARGE: "double charges",
    Kind.MONEY_WITHOUT_SERVICE: "money without service",
    Kind.FREE_SERVICE: "free service",
    Kind.LOST_COMMAND: "lost commands",
    Kind.LOST_ANNOUNCEMENT: "lost announcements",
    Kind.WRONG_STATE: "wrong states",
    Kind.STUCK: "stuck accounts",
    Kind.GROWTH: "growing histories",
}
