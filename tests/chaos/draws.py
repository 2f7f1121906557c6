"""Trouble, drawn from a seed: blows to processes, faults of Stripe, a bad endpoint, somebody at Temporal's buttons."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.chaos.product import Manner

Json = dict[str, Any]

KILL_EVERY = 2.1
"""Seconds between two blows to a process, on average."""

FAULT_EVERY = 0.75
"""Seconds between two faults put into force at Stripe's side."""

FAULT_STANDS = 4.0
"""Seconds that such a fault waits for requests to meet it."""

KEY_EVERY = 17.0
"""Seconds between two windows in which Stripe knows the key no more, or grants it less."""

FORGET_EVERY = 25.0
"""Seconds between two moments at which a day passes at Stripe, and it forgets its idempotency keys."""

BANK_EVERY = 4.0
"""Seconds between two moments at which the banks say how the debits under way have ended."""

BUTTON_EVERY = 0.9
"""Seconds between two things that somebody does in the Temporal UI."""

Part = Literal["worker", "api", "sandbox", "temporal"]
Button = Literal["cancel", "reset", "signal", "pause"]


@dataclass(frozen=True)
class Blow:
    """A process is killed (SIGKILL), or paused (SIGSTOP) for `pause` seconds. `which` chooses among its equals."""

    at: float
    part: Part
    which: int
    pause: float | None


@dataclass(frozen=True)
class StripeTrouble:
    """A fault for the sandbox's next requests, in the words of its control, taken back after some seconds."""

    at: float
    fault: Json
    stands: float = FAULT_STANDS


@dataclass(frozen=True)
class WebhookTrouble:
    """How webhooks are delivered from this moment on: twice, late, in the wrong order, or never."""

    at: float
    behaviour: Json


@dataclass(frozen=True)
class DayPasses:
    """A day passes on Stripe's clock: whatever was asked before is asked without the shelter of a saved answer."""

    at: float


@dataclass(frozen=True)
class BanksSettle:
    """Bank debits that are under way end, as their accounts say."""

    at: float


@dataclass(frozen=True)
class ProductTrouble:
    """How the product's endpoint answers from this moment on; `dead`: for how many seconds nobody listens there."""

    at: float
    manners: tuple[tuple[Manner, float], ...]
    seconds: float
    dead: float


@dataclass(frozen=True)
class ButtonPressed:
    """Somebody presses a button of the Temporal UI on an account's workflow. `which` chooses the account."""

    at: float
    button: Button
    which: int
    signal: tuple[str, tuple[Any, ...]] = ("", ())
    seconds: float = 0.0


Trouble = Blow | StripeTrouble | WebhookTrouble | DayPasses | BanksSettle | ProductTrouble | ButtonPressed


def troubles(seed: int, duration: float) -> tuple[Trouble, ...]:
    """Return all that is done from outside in a run, in its order."""
    parts = (_blows, _stripe_troubles, _wrong_keys, _webhook_troubles, _days, _banks, _product_troubles, _buttons)
    drawn = [each for part in parts for each in part(seeded(f"{seed}:{part.__name__}"), duration)]
    return tuple(sorted(drawn, key=lambda each: each.at))


def seeded(seed: str) -> random.Random:
    """Return a source of choices."""
    return random.Random(seed)  # noqa: S311 - to be the same again for the same seed


def _moments(rng: random.Random, duration: float, every: float, first: float = 0.0) -> Iterator[float]:
    at = first + rng.uniform(0, every)
    while at < duration:
        yield round(at, 2)
        at += rng.uniform(0.4, 1.6) * every


# ---------------------------------------------------------------------- processes


def _blows(rng: random.Random, duration: float) -> Iterator[Trouble]:
    parts: tuple[Part, ...] = ("worker", "api", "sandbox", "temporal")
    for at in _moments(rng, duration, KILL_EVERY, first=3):
        part = rng.choices(parts, weights=(12, 13, 70, 5))[0]
        pause = None
        if part != "temporal" and rng.random() < 0.16:
            # Longer than a try of an activity may take, now and then: when it wakes, another worker has taken over.
            pause = rng.uniform(66, 75) if part == "worker" and rng.random() < 0.15 else rng.uniform(0.3, 8)
        yield Blow(at, part, rng.randrange(1000), pause and round(pause, 2))


# ---------------------------------------------------------------------- Stripe

_PAY, _VOID, _ANY = r"/v1/invoices/[^/]+/pay", r"/v1/invoices/[^/]+/void", r"/v1/.*"
_CALLS = (
    ("POST", _PAY),
    ("POST", "/v1/invoices"),
    ("POST", "/v1/invoiceitems"),
    ("POST", r"/v1/invoices/[^/]+/finalize"),
    ("POST", _VOID),
    ("POST", r"/v1/customers.*"),
    ("POST", r"/v1/payment_methods/.*"),
    ("GET", r"/v1/invoices.*"),
    ("*", _ANY),
)
_WEIGHTS = (30, 12, 8, 8, 8, 4, 4, 5, 24)


def _stripe_troubles(rng: random.Random, duration: float) -> Iterator[Trouble]:
    for at in _moments(rng, duration, FAULT_EVERY, first=1):
        method, path = rng.choices(_CALLS, weights=_WEIGHTS)[0]
        how: Json = rng.choice(
            (
                {"status": rng.choice((500, 502, 503, 504)), "when": "before"},
                {"status": 500, "when": "after"},
                {"status": 500, "saved": True, "when": rng.choice(("before", "after"))},
                {"status": 400, "saved": True, "when": "before"} if method == "POST" else {"status": 429},
                {"status": 429, "when": "before"},
                {"status": rng.choice((200, 502)), "body": rng.choice(("html", "garbage", "empty")), "when": "after"},
                {"drop_connection": True, "when": "before"},
                {"drop_connection": True, "when": "after"},
                {"delay_seconds": round(rng.uniform(0.2, 3), 2), "when": rng.choice(("before", "after"))},
                {"delay_seconds": 7, "when": "after"},  # longer than Reprise waits
                {"hang": True, "when": rng.choice(("before", "after"))},
            )
        )
        if path == _VOID and rng.random() < 0.5:
            how = {"status": rng.choice((400, 401, 403)), "when": "before"}
        # By chance, not always: with little asked of Stripe, all of it would fail, and all accounts sit out pauses.
        chance = 0.04 if method != "POST" else 0.4
        times = 1 if how.get("hang") else rng.randint(1, 5)
        fault = {"method": method, "path": path, "times": times, "probability": chance, "seed": rng.randrange(10**6)}
        yield StripeTrouble(at, {**fault, **how})


def _wrong_keys(rng: random.Random, duration: float) -> Iterator[Trouble]:
    """The key is revoked for a while, for the whole API or for a part of it."""
    for at in _moments(rng, duration, KEY_EVERY, first=6):
        method, path = rng.choices(_CALLS, weights=(20, 10, 5, 5, 15, 15, 10, 10, 30))[0]
        refusal = {"status": rng.choice((401, 403)), "when": rng.choice(("before", "before", "before", "after"))}
        window = {"method": method, "path": path, "times": None, **refusal}
        # Now and then for long enough to tell who would ask again and again.
        stands = rng.uniform(6, 10) if rng.random() < 0.15 else rng.uniform(0.5, 3)
        yield StripeTrouble(at, window, stands=round(stands, 2))


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


def _banks(rng: random.Random, duration: float) -> Iterator[Trouble]:
    for at in _moments(rng, duration, BANK_EVERY, first=2):
        yield BanksSettle(at)


# ---------------------------------------------------------------------- the product

_MOODS: tuple[dict[Manner, float], ...] = (
    {Manner.HONEST: 1},
    {Manner.HONEST: 5, Manner.SLOW: 5},
    {Manner.SLOW: 1},
    {Manner.HONEST: 6, Manner.TAKES_AND_FAILS: 3, Manner.REFUSES: 3},
    {Manner.HONEST: 8, Manner.LATE: 1, Manner.DROPS: 2},
    {Manner.HONEST: 6, Manner.GARBAGE: 2, Manner.REDIRECTS: 2, Manner.TAKES_AND_FAILS: 1},
)


def _product_troubles(rng: random.Random, duration: float) -> Iterator[Trouble]:
    for at in _moments(rng, duration, 8, first=2):
        dead = round(rng.uniform(3, 15), 2) if rng.random() < 0.25 else 0.0
        mood = tuple(rng.choice(_MOODS).items())
        yield ProductTrouble(at, mood, round(rng.uniform(0.3, 6), 2), min(dead, max(duration - at, 0)))


# ---------------------------------------------------------------------- Temporal

SIGNALS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("payment_hint", ()),
    ("payment_hint", ("look!",)),
    ("payment_hint", ({"payment_key": 7, "refund_id": []},)),
    ("payment_hint", ({}, {}, {})),
    ("cancel", ("now",)),
    ("cancel", ({"when": "yesterday"},)),
    ("reactivate", ({"expected_amount": "all"}, 1)),
    ("reactivate", (None, None)),
    ("set_carts", ()),
    ("set_carts", ({"carts": -1},)),
    ("set_payment_method", ([],)),
    ("close", ({"sure": True},)),
    ("disable", (3.5,)),
    ("extend_term", ({},)),
    ("open", ({"account_id": "another"},)),
    ("announcements", ()),
    ("announcements", ("off",)),
    ("start_new_run", ("now",)),
    ("no_such_signal", ({"a": 1},)),
    ("account", ()),
)
"""What somebody may send an account's workflow by mistake: none of it is a command."""

COMMANDS_BY_SIGNAL = ("cancel", "reactivate")
"""Commands that are complete without any input: sent with none, they are taken, under nobody's name."""


def _buttons(rng: random.Random, duration: float) -> Iterator[Trouble]:
    buttons: tuple[Button, ...] = ("cancel", "reset", "signal", "pause")
    for at in _moments(rng, duration, BUTTON_EVERY, first=4):
        button = rng.choices(buttons, weights=(20, 20, 50, 10))[0]
        signal: tuple[str, tuple[Any, ...]] = rng.choice(SIGNALS)
        if rng.random() < 0.12:
            signal = (rng.choice(COMMANDS_BY_SIGNAL), ())
        yield ButtonPressed(at, button, rng.randrange(10**6), signal, round(rng.uniform(0.3, 3), 2))
