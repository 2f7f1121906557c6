"""What a run prints: what was done, what was suffered, and what was found wrong."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from tests.chaos.checker import Finding, Kind
from tests.chaos.crowd import Recovery
from tests.chaos.evidence import Evidence

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
    kills: dict[str, int]
    pauses: int
    died: list[str]
    faults: int
    days: int
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
        return json.dumps([asdict(each) for each in self.evidence if each.account_id in guilty], indent=1)

    def lines(self) -> Iterable[str]:
        """Return the report, line by line."""
        counted = Counter(finding.kind for finding in self.findings)
        kills = ", ".join(f"{part} {count}" for part, count in sorted(self.kills.items()))
        yield from map(str, self.findings[:SHOWN])
        if len(self.findings) > SHOWN:
            yield f"… and {len(self.findings) - SHOWN} more"
        yield f"seed             {self.seed} (plan {self.plan}, {self.duration:.0f} s)"
        yield f"accounts         {self.accounts}"
        unavailable = f"{self.unavailable} were answered 503"
        yield f"operations       {self.commands} commands in {self.requests} requests, of which {unavailable}"
        yield f"kills            {sum(self.kills.values())} ({kills}); {self.pauses} pauses"
        yield f"faults           {self.faults} at Stripe, which forgot its keys {self.days} times"
        yield f"payments         {self.payments} ({self.renewals} renewals); {self.declines} attempts declined"
        for kind, name in NAMES.items():
            yield f"{name:<16} {counted[kind]}"
        yield f"time to recover  {self.recovery}"
        for death in self.died:
            first, *log = death.splitlines()
            yield f"died by itself: {first.split('. ')[0]}: {log[-1].strip() if log else 'its log is empty'}"


NAMES = {
    Kind.DOUBLE_CHARGE: "double charges",
    Kind.LOST_COMMAND: "lost commands",
    Kind.WRONG_STATE: "wrong states",
    Kind.STUCK: "stuck accounts",
}
