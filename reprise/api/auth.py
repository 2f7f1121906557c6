"""Who may (R19): bearer tokens, what they say, and what each operation asks of them."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reprise.api.problems import Problem, not_found
from reprise.settings import ApiSettings
from reprise.workflows.messages import Actor, ActorKind

ASYMMETRIC = ["RS256", "PS256", "ES256", "EdDSA"]
"""What tokens of an issuer may be signed with; never a shared secret, never nothing."""

REFETCH_AFTER = 10.0
"""Seconds between two fetches of the key set, however many unknown keys are named meanwhile."""

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`sub`, `scope`, `accounts`.")


@dataclass(frozen=True)
class Caller:
    """Who is asking: their id, what they may, and for which accounts."""

    subject: str
    scopes: frozenset[str]
    accounts: frozenset[str]

    @property
    def is_operator(self) -> bool:
        """Whether the caller is one of the people who run the service."""
        return "operator" in self.scopes

    def actor(self) -> Actor:
        """Return the caller as the timeline names them (R17)."""
        return Actor(kind=ActorKind.OPERATOR if self.is_operator else ActorKind.USER, id=self.subject)


class Verifier:
    """Checks tokens: HS256 with one secret in the embedded default, an issuer's key set in production."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take the settings.

        Raises:
            ValueError: Neither a secret nor issuer, audience and key set are configured.
        """
        self._settings = settings
        self._secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
        self._keys: jwt.PyJWKClient | None = None
        self._fetched = float("-inf")
        if settings.jwks_url:
            if not (settings.jwt_issuer and settings.jwt_audience):
                raise ValueError("REPRISE_JWKS_URL needs REPRISE_JWT_ISSUER and REPRISE_JWT_AUDIENCE beside it")
            self._keys = jwt.PyJWKClient(str(settings.jwks_url), cache_jwk_set=True, lifespan=300, timeout=5)
        elif not self._secret:
            raise ValueError("set REPRISE_JWT_SECRET, or REPRISE_JWKS_URL with issuer and audience")

    async def caller(self, token: str) -> Caller:
        """Return who a token speaks for.

        Raises:
            Problem: 401, if it is not valid.
        """
        try:
            claims = await self._claims(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise unauthorized() from error
        return _caller(claims)

    async def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        required = {"require": ["exp", "sub"], "strict_aud": True}
        if self._keys is None:
            assert self._secret is not None, "__init__ has seen to it"
            return jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                leeway=settings.jwt_leeway,
                issuer=settings.jwt_issuer,
                audience=settings.jwt_audience,
                options={**required, "verify_aud": settings.jwt_audience is not None},  # type: ignore[arg-type]
            )
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ASYMMETRIC:
            raise jwt.InvalidAlgorithmError("not an algorithm that an issuer signs with")
        key = await self._key(self._keys, str(header.get("kid")))
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            leeway=settings.jwt_leeway,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            options=required,  # type: ignore[arg-type]
        )

    async def _key(self, keys: jwt.PyJWKClient, kid: str) -> jwt.PyJWK:
        known = await asyncio.to_thread(keys.get_signing_keys)
        found = keys.match_kid(known, kid)
        if found is None and time.monotonic() - self._fetched > REFETCH_AFTER:
            self._fetched = time.monotonic()
            found = keys.match_kid(await asyncio.to_thread(keys.get_signing_keys, refresh=True), kid)
        if found is None:
            raise jwt.InvalidKeyError("the issuer has no such key")
        return found


def unauthorized() -> Problem:
    """Return what is said to a caller without a valid token."""
    return Problem(
        401,
        "unauthorized",
        "Send a valid token: Authorization: Bearer …. It may be missing, expired or meant for another service.",
        headers={"WWW-Authenticate": 'Bearer realm="reprise"'},
    )


def _caller(claims: dict[str, Any]) -> Caller:
    scope, accounts = claims.get("scope", ""), claims.get("accounts", [])
    scopes = scope.split() if isinstance(scope, str) else scope
    if not isinstance(scopes, list) or not isinstance(accounts, list):
        raise unauthorized()
    return Caller(
        subject=str(claims["sub"])[:255],
        scopes=frozenset(str(each) for each in scopes),
        accounts=frozenset(str(each) for each in accounts),
    )


async def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Return who is asking; 401 without a valid token."""
    if credentials is None:
        raise unauthorized()
    verifier: Verifier = request.app.state.verifier
    return await verifier.caller(credentials.credentials)


Authenticated = Annotated[Caller, Depends(authenticated)]


async def for_account(account_id: str, caller: Authenticated) -> Caller:
    """Let operators and users with Billing Access to this account through (R19)."""
    if caller.is_operator:
        return caller
    if account_id not in caller.accounts:
        raise not_found()
    if "billing" not in caller.scopes:
        raise Problem(
            403,
            "billing_access_required",
            "You have no Billing Access to this account. Ask somebody who has it to grant it to you.",
        )
    return caller


async def operator(request: Request, caller: Authenticated) -> Caller:
    """Let operators through (R19); others are not even told whether an account exists."""
    if caller.is_operator:
        return caller
    account_id = request.path_params.get("account_id")
    if account_id is not None and account_id not in caller.accounts:
        raise not_found()
    raise Problem(403, "operator_required", "Only the people who run the service may do this.")


BillingUser = Annotated[Caller, Depends(for_account)]
Operator = Annotated[Caller, Depends(operator)]


def mint(secret: str, *, sub: str, scope: str, accounts: list[str], ttl: timedelta) -> str:
    """Return an HS256 token for the embedded default."""
    now = datetime.now(UTC)
    claims = {"sub": sub, "scope": scope, "accounts": accounts, "iat": now, "exp": now + ttl}
    return jwt.encode(claims, secret, algorithm="HS256")
