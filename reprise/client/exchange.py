"""How a request is exchanged for its answer, without any input or output: tries, pauses, time-outs, errors.

`exchange` is a generator: it says what is to be done next (`Send`, `Pause`), and is told what came of it. Whoever
drives it does that and no more: one loop over sockets that block, one over sockets that do not.
"""

import random
import re
import ssl
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import count
from typing import Final, TypeVar

import httpx

from reprise.client.errors import ClientError, InvalidArgument, Unreachable, problem_of, retry_after
from reprise.client.requests import Request

T = TypeVar("T")

TRIED_AGAIN: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same request, under the same idempotency key, may well be taken."""

KEPT_BY_THE_KEY: Final = "payment_stopped"
"""The code of a 503 that a repeat under the same key would only get again."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between two tries where the API names none: doubled each time, and cut at random by up to a half."""


_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Options:
    """How requests are sent.

    Attributes:
        url: Of the API, without `/v1`.
        token: A bearer token, or what returns one, asked before each try.
        timeout: Seconds that one try may take; a command is answered within ten.
        retry_for: Seconds in which a request is tried again; 0 for one try.
        respond_async: Prefer not to wait for the answer of commands: they are answered 202 at once.
    """

    url: str
    token: str | Callable[[], str] | None = None
    timeout: float = 30.0
    retry_for: float = 60.0
    respond_async: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no URL."""
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise _no_url(self.url) from error
        if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
            raise _no_url(self.url)

    @property
    def trusts_environment(self) -> bool:
        """Whether proxies of the environment lead there: none leads to this machine itself."""
        return httpx.URL(self.url).host not in {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Send:
    """Send this; what came of it is a response, or the error of the transport."""

    request: httpx.Request


@dataclass(frozen=True)
class Pause:
    """Do nothing for a while."""

    seconds: float


Outcome = httpx.Response | httpx.RequestError | None
Exchange = Generator[Send | Pause, Outcome, T]


def exchange(request: Request[T], options: Options, clock: Callable[[], float] = time.monotonic) -> Exchange[T]:
    """Exchange a request for its answer: tried again, under the same key, while that can help and there is time.

    Raises:
        ClientError: What the last try came to; or what cannot be sent.
    """
    ends = clock() + options.retry_for
    for tries in count():
        left = max(ends - clock(), 0.0)
        outcome = yield Send(_as_sent(request, options, min(options.timeout, left) if tries else options.timeout))
        if isinstance(outcome, httpx.Response) and outcome.is_success:
            return request.read(outcome)
        error, pause = _of(outcome, options), _pause(outcome, tries)
        error.idempotency_key = request.idempotency_key
        if pause is None or clock() + pause >= ends:
            raise error from (outcome if isinstance(outcome, Exception) else None)
        yield Pause(pause)
    raise AssertionError("counting does not end")


def _as_sent(request: Request[T], options: Options, timeout: float) -> httpx.Request:
    headers = {"Accept": "application/json", "User-Agent": _user_agent()}
    token = options.token() if callable(options.token) else options.token
    if token:
        if not _TOKEN.fullmatch(token):
            raise InvalidArgument("A token is one line of visible ASCII characters.")
        headers["Authorization"] = f"Bearer {token}"
    if request.idempotency_key is not None:
        headers["Idempotency-Key"] = request.idempotency_key
        if options.respond_async:
            headers["Prefer"] = "respond-async"
    try:
        return httpx.Request(
            request.method,
            options.url.rstrip("/") + request.path,
            params={name: _word(value) for name, value in request.query.items()},
            headers=headers,
            json=request.body,
            extensions={"timeout": httpx.Timeout(timeout).as_dict()},
        )
    except UnicodeEncodeError as error:
        raise InvalidArgument("A text holds what is no character.") from error


def _no_url(url: str) -> InvalidArgument:
    return InvalidArgument(f"{url!r} is not the URL of an API, such as https://billing.example.com.")


@cache
def _user_agent() -> str:
    return f"reprise-python/{version('reprise')}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of(outcome: Outcome, options: Options) -> ClientError:
    if isinstance(outcome, httpx.Response):
        return problem_of(outcome)
    why = str(outcome) or type(outcome).__name__
    return Unreachable(f"Reprise's API does not answer at {options.url} ({why}).")


def _pause(outcome: Outcome, tries: int) -> float | None:
    """Return the seconds until the next try; None where it would come to the same."""
    pause: float = min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE)
    pause *= 1 - random.random() / 2  # noqa: S311 - callers that were turned away together come back apart
    if not isinstance(outcome, httpx.Response):
        return None if _is_certain(outcome) else pause
    if outcome.status_code not in TRIED_AGAIN or getattr(problem_of(outcome), "code", None) == KEPT_BY_THE_KEY:
        return None
    return max(retry_after(outcome) or 0.0, pause)


def _is_certain(error: httpx.RequestError | None) -> bool:
    """Say whether another try would fail in the same way: a header that is none, a certificate that is not believed."""
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return True
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
