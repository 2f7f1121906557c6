"""One exchange, gone through by hand: what the client would do, and what comes of what it is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from reprise.client.errors import ClientError
from reprise.client.exchange import Exchange, Options, Outcome, Pause, Send, exchange
from reprise.client.requests import Request

OPTIONS = Options("https://billing.example.com", "a-token", timeout=30, retry_for=60)


@dataclass
class Conversation:
    """What was done: requests sent, pauses made, and what it came to."""

    sent: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    answer: Any = None
    error: ClientError | None = None
    now: float = 1000.0

    def clock(self) -> float:
        """Return the time, which passes in pauses alone."""
        return self.now


def converse(request: Request[Any], outcomes: Iterable[Outcome], options: Options = OPTIONS) -> Conversation:
    """Go through an exchange; each request meets the next of the outcomes."""
    told = Conversation()
    return drive(exchange(request, options, told.clock), outcomes, told)


def drive(steps: Exchange[Any], outcomes: Iterable[Outcome], told: Conversation | None = None) -> Conversation:
    """Do what the steps say, and tell them what came of it."""
    told = told or Conversation()
    coming, outcome = iter(outcomes), None
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as done:
            told.answer = done.value
            return told
        except ClientError as error:
            told.error = error
            return told
        outcome = None
        match step:
            case Pause():
                told.pauses.append(step.seconds)
                told.now += step.seconds
            case Send():
                told.sent.append(step.request)
                outcome = next(coming)
                if isinstance(outcome, httpx.Response):
                    outcome.request = step.request


def answered(status: int, body: Any = None, **headers: str) -> httpx.Response:
    """Return an answer of the API's."""
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def problem(status: int, code: str, **more: Any) -> dict[str, Any]:
    """Return the body of an error."""
    return {"title": code, "status": status, "detail": "Why it is so.", "code": code, **more}
