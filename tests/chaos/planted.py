"""`python -m tests.chaos.planted`: plant bugs in copies of the package, one in each, and see that a run finds them.

The same as `make planted`. What a checker says is worth what it finds; and where there is no bug, it must find nothing.
Exits with 1 if a planted bug was not found, or another thing was.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import reprise
from tests.chaos.draws import Blow, StripeTrouble, Trouble
from tests.chaos.plan import CALM, Plan
from tests.chaos.report import Report
from tests.chaos.run import run

TRIES = 4
"""How many runs, each with another seed, a bug gets to show itself."""

LIVES = 40
"""How many accounts live at the same time: so few that each of them gets far within a short run."""


@dataclass(frozen=True)
class Bug:
    """One mistake: texts of a file that become others."""

    name: str
    file: str
    text: str
    instead: str
    besides: tuple[tuple[str, str], ...] = ()
    """What else must be so for the mistake to do harm: another guard of the same thing, taken away."""
    where: tuple[str, ...] = ()
    """The chapters of lives in which it does harm, where few have them: in its runs, many do."""
    without: tuple[type[Trouble], ...] = ()
    """The kinds of trouble that it does harm without: its runs have none of them, and so get further."""
    troubles: tuple[Trouble, ...] = ()
    """Trouble that it needs, and that comes too seldom by itself."""
    lives: int = LIVES
    """How many accounts live at the same time in its runs."""

    def plant(self, directory: Path) -> None:
        """Copy the package into a directory, with the mistake in it.

        Raises:
            ValueError: The text is not there just once: the code has changed, and the bug must be written anew.
        """
        copy = directory / "reprise"
        shutil.copytree(Path(reprise.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        code = (copy / self.file).read_text()
        for text, instead in ((self.text, self.instead), *self.besides):
            if code.count(text) != 1:
                raise ValueError(f"{self.name}: {self.file} has {code.count(text)} times what is to be changed")
            code = code.replace(text, instead)
        (copy / self.file).write_text(code)


def no_customers(at: float, stands: float) -> StripeTrouble:
    """Return a window in which Stripe registers nobody, because it does not know the key."""
    fault = {"method": "POST", "path": "/v1/customers", "status": 401, "when": "before", "times": None}
    return StripeTrouble(at, fault, stands)


BUGS = (
    # R8: one key, one charge
    Bug(
        "no lookup before create",
        "stripe_api/collecting.py",
        'for each in latest.of(self._payment.key) if each.status != "void"]',
        'for each in latest.of("")]',
    ),
    Bug(
        "attempt number not frozen",
        "stripe_api/invoicing.py",
        'self._key("pay", asked.payment.key, str(asked.payment.attempt), *self._of(invoice))',
        "self._key(\"pay\", asked.payment.key, str(__import__('uuid').uuid4()), *self._of(invoice))",
    ),
    Bug(
        "saved error believed",
        "stripe_api/collecting.py",
        "        for key in (usual, fresh(usual)):\n",
        "        for key in (usual,):\n",
    ),
    Bug(
        "amount_due not checked",
        "stripe_api/checking.py",
        "    reason = _due_is_wrong(invoice, payment)\n",
        "    reason = None\n",
        where=("owes_on_balance", "has_credit"),
        without=CALM,
    ),
    # R9, R21: what banks say
    Bug(
        "processing taken for declined",
        "statemachine/payment_decisions.py",
        "            status=PaymentStatus.PROCESSING,\n",
        "            status=PaymentStatus.DECLINED,\n",
        where=("debit",),
        without=CALM,
    ),
    Bug(
        "bank's advice not heeded",
        "statemachine/payment_decisions.py",
        "    if not isinstance(outcome, Declined):\n        return False\n    if outcome.advice",
        "    if not isinstance(outcome, Declined) or outcome.advice:\n        return False\n    if outcome.advice",
        where=("card_is_lost",),
        without=CALM,
    ),
    Bug(
        "stopped renewals never end",
        "statemachine/guards.py",
        "now - since < timedelta(days=self.account.policy.stopped_days)\n",
        "now - since < timedelta(days=3650)\n",
        where=("stopped_for_good",),
        without=CALM,
        lives=12,  # an account takes fifty hourly tries to get past its last day
    ),
    # R8, R22, R24: money that comes, and what stays open
    Bug(
        "found money ignored",
        "statemachine/outcome_events.py",
        "        if found.state is not InvoiceState.PAID or found.payment_key in account.paid_keys:\n",
        "        if found.payment_key != (account.payment and account.payment.key):\n",
        where=("paid_out_of_band", "pays_the_old_link"),
        without=CALM,
    ),
    Bug(
        "void refusal forgotten",
        "statemachine/outcome_events.py",
        "                owed = self._note(now, lambda: self.model.owe_void(event, now))\n",
        "                owed: Effects = ()\n",
        where=("pays_the_old_link", "past_due_and_cancelled"),
        without=CALM,
    ),
    Bug(
        "refunds not told",
        "statemachine/outcome_events.py",
        "        if not event.ours or self.model.is_told(event):\n",
        "        if not event.ours or event.status is not None:\n",
        where=("refunded",),
        without=CALM,
    ),
    Bug(
        "first payment method forgotten",
        "statemachine/decisions.py",
        "customer_id=command.customer_id, first_payment_method=command.payment_method)",
        "customer_id=command.customer_id, first_payment_method=None)",
        where=("come_once",),
        without=CALM,
        troubles=tuple(no_customers(at, 3) for at in (8, 18, 28, 38)),
    ),
    # R14, R15: commands and hints
    Bug(
        "hint believed",
        "workflows/run_state.py",
        "        deleted = hint.event_type == CUSTOMER_DELETED\n",
        "        from reprise.statemachine.outcomes import Paid\n"
        "        if hint.payment_key is not None:\n"
        "            self.follow(machine.take(self.account, Paid(payment_key=hint.payment_key), now))\n"
        "        deleted = hint.event_type == CUSTOMER_DELETED\n",
        without=(Blow,),
    ),
    Bug(
        "command ids dropped at continue-as-new",
        "workflows/run_state.py",
        "answered=self.requests.remembered(),",
        "answered=(),",
        where=("old_commands_again",),
        without=CALM,
    ),
    # R18: what the product is told
    Bug(
        "announcements popped too early",
        "workflows/delivery.py",
        "self._entries[delivered.taken - 1].sequence + 1",
        "self._entries[-1].sequence + 1",
        without=CALM,
    ),
    Bug(
        "any answer of the product believed",
        "activities/endpoints.py",
        "        if not 200 <= status < 300:\n",
        "        if not status:\n",
        without=CALM,
    ),
    # R27: Temporal's own buttons
    Bug(
        "cancellation ends the run",
        "workflows/account.py",
        "            except asyncio.CancelledError:\n                self._outlive_cancellation()\n",
        "            except asyncio.CancelledError:\n                raise\n",
        without=CALM,
    ),
    Bug(
        "garbage wedges the workflow",
        "workflows/reading.py",
        '    workflow.logger.warning("a signal was dropped", extra={"signal": signal, "why": why})\n',
        "    raise ValueError(why) from error\n",
        without=CALM,
    ),
    # R8: no loop
    Bug(
        "a refused effect begun again at once",
        "workflows/effect_runner.py",
        "            self._waiting.clear()\n",
        "            finished = finished[:1]\n",
        besides=(("            wait = max(wait, self._pace.begin(workflow.now()))\n", "            pass\n"),),
        where=("come_once",),
        without=CALM,
        troubles=(no_customers(5, 40),),
        lives=3,  # so that each of them gets far with what it begins again
    ),
)


async def is_found(bug: Bug, seeds: Sequence[int], duration: float) -> bool:
    """Run the system with a bug in it until the checker finds something; say what it found."""
    with tempfile.TemporaryDirectory(prefix="reprise-planted-") as directory:
        bug.plant(Path(directory))
        for seed in seeds:
            plan = Plan.of(seed, duration, bug.lives, bug.where, bug.without).with_trouble(bug.troubles)
            report = await run(plan, package=Path(directory))
            print(f"{bug.name}: {_what_was_found(report)}", flush=True)
            if report.findings:
                return True
    return False


async def is_clean(seed: int, duration: float, without: tuple[type[Trouble], ...]) -> bool:
    """Run the system with no bug in it, among the lives of all of them: what is found there is no planted bug."""
    everywhere = sorted({chapter for bug in BUGS for chapter in bug.where})
    report = await run(Plan.of(seed, duration, LIVES, tuple(everywhere), without))
    print(f"no bug: {_what_was_found(report)}", flush=True)
    return not report.findings


def _what_was_found(report: Report) -> str:
    if not report.findings:
        return f"nothing found with seed {report.seed}, {report.payments} payments"
    kinds = Counter(finding.kind for finding in report.findings)
    counted = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    return f"found with seed {report.seed} ({counted}), such as\n    {report.findings[0]}"


async def _main(seed: int, duration: float, names: Sequence[str]) -> int:
    chosen = [bug for bug in BUGS if not names or any(name in bug.name for name in names)]
    clean = [await is_clean(seed, duration, without) for without in (CALM, ()) if not names]
    found = [await is_found(bug, range(seed, seed + TRIES), duration) for bug in chosen]
    print(f"{sum(found)} of {len(found)} planted bugs were found")
    return 0 if all(clean + found) else 1


def main() -> int:
    """Plant each bug, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.planted", description=__doc__)
    parser.add_argument("--duration", type=float, default=60, help="seconds of trouble in each run (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run for each bug")
    parser.add_argument("names", nargs="*", help="part of a bug's name; by default all bugs")
    asked = parser.parse_args()
    return asyncio.run(_main(asked.seed, asked.duration, asked.names))


if __name__ == "__main__":
    sys.exit(main())
