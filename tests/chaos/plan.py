"""What a run will do, drawn from its seed alone: the lives of accounts, the blows to processes, the faults of Stripe.

Nothing here looks at a clock or at the system: the same seed and duration give the same plan, whatever the machine.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]

SLOTS = 240
"""How many accounts live at the same time: enough that those which wait for a time-out do not slow the run down."""

CHAPTERS = 7
"""How many chapters a life has; so few that its whole timeline stays with the account (R17)."""

KILL_EVERY = 2.1
"""Seconds between two blows to a process, on average."""

FAULT_EVERY = 0.75
"""Seconds between two faults put into force at Stripe's side."""

FORGET_EVERY = 25.0
"""Seconds between two moments at which a day passes at Stripe, and it forgets its idempotency keys."""

Part = Literal["worker", "api", "sandbox", "temporal"]


@dataclass(frozen=True)
class Blow:
    """A process is killed (SIGKILL), or paused (SIGSTOP) for `pause` seconds. `which` chooses among its equals."""

    at: float
    part: Part
    which: int
    pause: float | None


@dataclass(frozen=True)
class StripeTrouble:
    """A fault for the sandbox's next requests, in the words of its control."""

    at: float
    fault: Json


@dataclass(frozen=True)
class WebhookTrouble:
    """How webhooks are delivered from this moment on: twice, late, in the wrong order, or never."""

    at: float
    behaviour: Json


@dataclass(frozen=True)
class DayPasses:
    """A day passes on Stripe's clock: whatever was asked before is asked without the shelter of a saved answer."""

    at: float


Trouble = Blow | StripeTrouble | WebhookTrouble | DayPasses


@dataclass(frozen=True)
class Life:
    """One account's script: how it opens, and its chapters, each with the numbers that it draws its choices from."""

    account_id: str
    opening: Json
    chapters: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Plan:
    """A whole run."""

    seed: int
    duration: float
    troubles: tuple[Trouble, ...]

    @classmethod
    def of(cls, seed: int, duration: float) -> "Plan":
        """Return the plan of a seed."""
        parts = (_blows, _stripe_troubles, _webhook_troubles, _days)
        troubles = [each for part in parts for each in part(_rng(f"{seed}:{part.__name__}"), duration)]
        return cls(seed, duration, tuple(sorted(troubles, key=lambda each: each.at)))

    def life(self, slot: int, number: int) -> Life:
        """Return the script of the slot's n-th account."""
        return _life(_rng(f"{self.seed}:life:{slot}:{number}"), f"c{slot}-{number}")

    @property
    def digest(self) -> str:
        """A short name for the plan: two runs with the same one were asked to do the same."""
        lives = [self.life(slot, 0) for slot in range(SLOTS)]
        return hashlib.sha256(repr((self.troubles, lives)).encode()).hexdigest()[:12]


def _rng(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - to be the same again for the same seed


# ---------------------------------------------------------------------- blows and faults


def _moments(rng: random.Random, duration: float, every: float, first: float = 0.0) -> Iterator[float]:
    at = first + rng.uniform(0, every)
    while at < duration:
        yield round(at, 2)
        at += rng.uniform(0.4, 1.6) * every


def _blows(rng: random.Random, duration: float) -> Iterator[Trouble]:
    parts: tuple[Part, ...] = ("worker", "api", "sandbox", "temporal")
    for at in _moments(rng, duration, KILL_EVERY, first=3):
        part = rng.choices(parts, weights=(12, 13, 70, 5))[0]
        pause = None
        if part != "temporal" and rng.random() < 0.16:
            # Longer than a try of an activity may take, now and then: when it wakes, another worker has taken over.
            pause = rng.uniform(66, 75) if part == "worker" and rng.random() < 0.15 else rng.uniform(0.3, 8)
        yield Blow(at, part, rng.randrange(1000), pause and round(pause, 2))


_PAY, _ANY = r"/v1/invoices/[^/]+/pay", r"/v1/.*"
_CALLS = (
    ("POST", _PAY),
    ("POST", "/v1/invoices"),
    ("POST", "/v1/invoiceitems"),
    ("POST", r"/v1/invoices/[^/]+/finalize"),
    ("POST", r"/v1/invoices/[^/]+/void"),
    ("POST", r"/v1/customers.*"),
    ("POST", r"/v1/payment_methods/.*"),
    ("GET", r"/v1/invoices.*"),
    ("*", _ANY),
)


def _stripe_troubles(rng: random.Random, duration: float) -> Iterator[Trouble]:
    for at in _moments(rng, duration, FAULT_EVERY, first=1):
        method, path = rng.choices(_CALLS, weights=(30, 12, 8, 8, 5, 4, 4, 5, 24))[0]
        how: Json = rng.choice(
            (
                {"status": rng.choice((500, 502, 503, 504)), "when": "before"},
                {"status": 500, "when": "after"},
                {"status": 429, "when": "before"},
                {"drop_connection": True, "when": "before"},
                {"drop_connection": True, "when": "after"},
                {"delay_seconds": round(rng.uniform(0.2, 3), 2), "when": rng.choice(("before", "after"))},
                {"delay_seconds": 7, "when": "after"},  # longer than Reprise waits
                {"hang": True, "when": rng.choice(("before", "after"))},
            )
        )
        # By chance, not always: with little asked of Stripe, all of it would fail, and all accounts sit out pauses.
        chance = 0.04 if method != "POST" else 0.4
        times = 1 if how.get("hang") else rng.randint(1, 5)
        fault = {"method": method, "path": path, "times": times, "probability": chance, "seed": rng.randrange(10**6)}
        yield StripeTrouble(at, {**fault, **how})


def _webhook_troubles(rng: random.Random, duration: float) -> Iterator[Trouble]:
    for at in _moments(rng, duration, 9):
        behaviour = {
            "duplicate": rng.choice((0, 1, 2)),
            "shuffle": rng.random() < 0.6,
            "delay_seconds": rng.choice((0, 0, 2, 12)),
            "drop_probability": rng.choice((0, 0.2, 0.6, 1)),
            "seed": rng.randrange(10**6),
        }
        yield WebhookTrouble(at, behaviour)


def _days(rng: random.Random, duration: float) -> Iterator[Trouble]:
    for at in _moments(rng, duration, FORGET_EVERY, first=8):
        yield DayPasses(at)


# ---------------------------------------------------------------------- lives

GOOD, DECLINES, AUTHENTICATES = "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"

CHAPTERS_AND_WEIGHTS = {
    "renew": 72,
    "change_mind": 8,
    "lapse_and_return": 18,
    "leave_now_and_return": 7,
    "past_due_and_mended": 10,
    "past_due_and_given_up": 6,
    "past_due_and_cancelled": 4,
    "authenticate": 8,
    "operator": 7,
    "carts_at_once": 6,
    "old_commands_again": 8,
    "renewal_storm": 6,
}


def _life(rng: random.Random, account_id: str) -> Life:
    currency, unit = rng.choice((("usd", 2500), ("eur", 1990), ("jpy", 500), ("usd", 1)))
    zone = rng.choice(("UTC", "UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York"))
    card = rng.choices((GOOD, DECLINES, AUTHENTICATES, None), weights=(80, 8, 6, 6))[0]
    opening: Json = {
        "account_id": account_id,
        "email": f"{account_id}@example.com",
        "carts": 1000 + rng.randrange(100),
        "plan": {"currency": currency, "unit_amount": unit},
        "timezone": zone,
        "payment_method": card,
    }
    if rng.random() < 0.12:
        opening["paid_through_days"] = rng.choice((-20, 10))
    if rng.random() < 0.15:
        opening["policy"] = {"retry_days": [2, 4], "debt": "collect"}
    names = list(CHAPTERS_AND_WEIGHTS)
    chosen = rng.choices(names, weights=list(CHAPTERS_AND_WEIGHTS.values()), k=CHAPTERS)
    if rng.random() < 0.12:
        chosen.append("close_in_a_storm")
    return Life(account_id, opening, tuple((name, rng.randrange(2**32)) for name in chosen))
