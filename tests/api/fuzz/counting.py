"""How much was fuzzed, and what came of it: counted where requests are answered, whoever sends them."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""`make fuzz EXAMPLES=…` asks for many and random ones; the suite for a few, the same each time."""

SEED = int(os.environ.get("FUZZ_SEED", "0")) or (random.SystemRandom().randrange(1, 10**9) if EXAMPLES else 1)
"""What draws are made from; a test that fails says it, and `FUZZ_SEED=… make fuzz` draws the same."""

FEW = 5

FRESH = httpx.Limits(keepalive_expiry=1)
"""A connection that has idled is not used again: the server may be closing it."""

COUNTED: Counter[str] = Counter()
"""Answers by their status, of all servers that this process fuzzes; and commands run."""


def fuzzed(times: int = 1) -> settings:
    """Return how long a test of hypothesis goes on: so many times the examples that were asked for."""
    return settings(
        max_examples=(EXAMPLES or FEW) * times,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def draws(name: str, times: int) -> Iterator[random.Random]:
    """Draw so many times the examples that were asked for, each from a seed of its own: hypothesis thinks longer about
    one than a server takes to answer it.
    """  # noqa: D205 - one thought
    for n in range((EXAMPLES or FEW) * times):
        yield random.Random(f"{SEED}:{name}:{n}")  # noqa: S311 - to be drawn again


def counted(app: ASGIApp) -> ASGIApp:
    """Return the same application, whose answers are counted."""

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                COUNTED[str(message["status"])] += 1
            await send(message)

        await app(scope, receive, answer if scope["type"] == "http" else send)

    return counting


async def count(answer: httpx.Response) -> None:
    """Count an answer of a server that runs elsewhere: a hook of its client."""
    COUNTED[str(answer.status_code)] += 1


def since(before: Counter[str]) -> dict[str, int]:
    """Return what was counted since: answers, those of 5xx, and commands."""
    news: Counter[Any] = COUNTED - before
    answers = {status: number for status, number in news.items() if status.isdigit()}
    return {
        "requests": sum(answers.values()),
        "answers of 5xx": sum(number for status, number in answers.items() if status >= "500"),
        "commands": news["commands"],
    }
