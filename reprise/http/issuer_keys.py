"""An issuer's key set: fetched when it is needed, kept for a while, asked for by everybody at once only once."""

import asyncio
import json
import time

import httpx
import jwt

from reprise.errors import Unavailable
from reprise.tls import certificates

ASYMMETRIC = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
"""What tokens of an issuer may be signed with; never a shared secret, never nothing."""

KEPT_FOR = 300.0
"""Seconds that a key set is believed: as long is a key taken that its issuer has withdrawn."""

REFETCH_AFTER = 10.0
"""Seconds between two fetches for the sake of an unknown key, however many are named meanwhile."""

RETRY_AFTER = 1.0
"""Seconds between two fetches from an issuer that is away."""

FETCH_WITHIN = 5.0
"""Seconds that a fetch may take in all."""

MOST = 1024 * 1024
"""Bytes of a key set."""


class IssuerKeys:
    """The public keys at one address (RFC 7517)."""

    def __init__(self, url: str) -> None:
        """Take the address; nothing that a token says leads to another."""
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = self._sought = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def named(self, kid: str | None) -> jwt.PyJWK:
        """Return a key by its id.

        Raises:
            jwt.InvalidKeyError: The issuer has no such key.
            Unavailable: The key set cannot be had.
        """
        if kid is None:
            raise jwt.InvalidKeyError("the token names no key")
        if self._is_stale() or kid not in self._keys:
            async with self._one_at_a_time:
                await self._look_again(kid)
        if self._is_stale():
            raise Unavailable("The keys that tokens are checked with cannot be fetched. Try again.")
        if kid not in self._keys:
            raise jwt.InvalidKeyError("the issuer has no such key")
        return self._keys[kid]

    def _is_stale(self) -> bool:
        return _age(self._fetched) > KEPT_FOR

    async def _look_again(self, kid: str) -> None:
        if self._is_stale():
            if _age(self._tried) > RETRY_AFTER:
                await self._fetch()
        elif kid not in self._keys and _age(self._sought) > REFETCH_AFTER:
            self._sought = time.monotonic()
            await self._fetch()

    async def _fetch(self) -> None:
        """Fetch the set; when that fails, what is known is believed until its time is over."""
        self._tried = time.monotonic()
        try:
            async with asyncio.timeout(FETCH_WITHIN):  # httpx bounds each read, not all of them
                self._keys = _usable(json.loads(await self._document()))
        except (httpx.HTTPError, ValueError, RecursionError, TimeoutError):
            return
        self._fetched = time.monotonic()

    async def _document(self) -> str:
        async with (
            httpx.AsyncClient(timeout=FETCH_WITHIN, verify=certificates(trust_env=True)) as http,
            http.stream("GET", self._url) as answer,
        ):
            answer.raise_for_status()
            document = bytearray()
            async for part in answer.aiter_bytes():
                document += part
                if len(document) > MOST:
                    raise ValueError("more than a key set can be")
        return document.decode()


def _usable(document: object) -> dict[str, jwt.PyJWK]:
    """Return the keys of a set that tokens can be checked with, by their ids; none of the others spoils the set.

    Raises:
        ValueError: It is no key set.
    """
    given = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(given, list):
        raise ValueError("no key set")  # noqa: TRY004 - a document from outside, not an argument
    keys = {}
    for each in given:
        try:
            key = jwt.PyJWK(each)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue
        signs = key.public_key_use in {"sig", None} and key.algorithm_name in ASYMMETRIC
        signs = signs and "d" not in each  # a private key that was published is everybody's
        if signs and isinstance(key.key_id, str):
            keys[key.key_id] = key
    return keys


def _age(instant: float) -> float:
    return time.monotonic() - instant
