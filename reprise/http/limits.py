"""Rate limits: how much one caller, one account and one address may ask for (the library `limits`).

They are counted in this process, or where `REPRISE_LIMITS_STORAGE` says, by all API processes together. A limit keeps
one customer from taking the service from the others; what may be done at all is decided elsewhere (R19).
"""

import ipaddress
import math
import time
from typing import Final

import structlog
from fastapi import Request
from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from reprise.http.audit import pseudonym
from reprise.http.problems import Problem
from reprise.settings import ApiSettings

log = structlog.get_logger()

COMPLAINED_EVERY: Final = 60.0
"""Seconds between two lines in the log about a storage that is away."""


class RateLimits:
    """The limits of this process."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take the settings.

        Raises:
            ValueError: A limit is none, or the storage is not known; the sentence names the variable.
        """
        self._wrong_tokens = _rates("REPRISE_LIMIT_WRONG_TOKENS", settings.limit_wrong_tokens)
        self._sign_ins = _rates("REPRISE_LIMIT_SIGN_INS", settings.limit_sign_ins)
        self._commands = _rates("REPRISE_LIMIT_COMMANDS", settings.limit_commands)
        self._callers = _rates("REPRISE_LIMIT_CALLERS", settings.limit_callers)
        self._operators = _rates("REPRISE_LIMIT_OPERATORS", settings.limit_operators)
        self._storage = _storage(settings.limits_storage)
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._complained = float("-inf")

    async def wrong_token(self, request: Request) -> None:
        """Count a token that is not believed, by the address that sent it.

        Good tokens from the same address are not counted: many people may share one.

        Raises:
            Problem: 429.
        """
        await self._count(self._wrong_tokens, "wrong-token", address_of(request), "wrong tokens from this address")

    async def sign_in(self, request: Request) -> None:
        """Count the use of a one-time link, by address.

        Raises:
            Problem: 429; the link is not spent.
        """
        await self._count(self._sign_ins, "sign-in", address_of(request), "sign-ins from this address")

    async def request(self, subject: str, *, billing: bool) -> None:
        """Count a request, by caller: of a billing user, or of an operator or backend.

        Raises:
            Problem: 429.
        """
        rates, kind = (self._callers, "caller") if billing else (self._operators, "operator")
        await self._count(rates, kind, pseudonym(subject), "requests of this caller")

    async def command(self, account_id: str) -> None:
        """Count a billing user's command, by account.

        Raises:
            Problem: 429.
        """
        await self._count(self._commands, "command", account_id, "commands on this account")

    async def close(self) -> None:
        """Close the connections to a shared storage."""
        client = getattr(getattr(self._storage, "bridge", None), "storage", None)
        if client is not None:
            await client.aclose()

    async def _count(self, rates: list[RateLimitItem], what: str, whose: str, said: str) -> None:
        for rate in rates:
            try:
                if await self._limiter.hit(rate, what, whose):
                    continue
                ends = (await self._limiter.get_window_stats(rate, what, whose)).reset_time
            except Exception as error:  # whatever a storage raises: it may be away, and the service goes on
                self._complain(error)
                return
            wait = max(1, math.ceil(ends - time.time()))
            detail = f"There were too many {said} ({rate}). Nothing was changed. Try again in {wait} seconds."
            raise Problem(429, "too_many_requests", detail, headers={"Retry-After": str(wait)})

    def _complain(self, error: Exception) -> None:
        if time.monotonic() - self._complained > COMPLAINED_EVERY:
            self._complained = time.monotonic()
            log.error("rate limits are not counted: their storage is away", why=type(error).__name__)


def _rates(variable: str, text: str) -> list[RateLimitItem]:
    """Return the rates of a setting, such as `300/minute` or `5/second;300/minute`; none of an empty one."""
    if not text.strip():
        return []
    try:
        return parse_many(text)
    except ValueError as error:
        raise ValueError(f"{variable} is no rate such as 300/minute, nor empty") from error


def _storage(uri: str) -> Storage:
    options = {"implementation": "redispy"} if uri.startswith("redis") else {}
    try:
        made = storage_from_string(f"async+{uri}", **options)
    except ConfigurationError as error:  # of what it names, a password may be part
        raise ValueError("REPRISE_LIMITS_STORAGE is not memory:// or redis://…, or its client is missing") from error
    assert isinstance(made, Storage), "by its scheme"
    return made


def address_of(request: Request) -> str:
    """Return the address that a request comes from; of IPv6 the network of one customer, 64 bits.

    Behind a proxy it is the proxy's, unless `REPRISE_TRUSTED_PROXIES` names that.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
