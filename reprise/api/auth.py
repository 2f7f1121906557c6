"""Who may (R19): bearer tokens, what they say, and what each operation asks of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reprise.api.issuer_keys import ASYMMETRIC, IssuerKeys
from reprise.api.problems import Problem, not_found
from reprise.settings import ApiSettings
from reprise.workflows.messages import ACCOUNT_ID, Actor, ActorKind

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
        self._keys: IssuerKeys | None = None
        if settings.jwks_url:
            if not (settings.jwt_issuer and settings.jwt_audience):
                raise ValueError("REPRISE_JWKS_URL needs REPRISE_JWT_ISSUER and REPRISE_JWT_AUDIENCE beside it")
            self._keys = IssuerKeys(str(settings.jwks_url))
        elif not self._secret:
            raise ValueError("set REPRISE_JWT_SECRET, or REPRISE_JWKS_URL with issuer and audience")

    async def caller(self, token: str) -> Caller:
        """Return who a token speaks for.

        Raises:
            Problem: 401, if it is not valid; 503, if that cannot be known, because its issuer's keys are out of reach.
        """
        try:
            return _caller(await self._claims(token))
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise unauthorized() from error

    async def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        required = {"require": ["exp", "sub"], "strict_aud": True}  # without an audience of ours, any is another's
        if self._keys is None:
            assert self._secret is not None, "__init__ has seen to it"
            return jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                leeway=settings.jwt_leeway,
                issuer=settings.jwt_issuer,
                audience=settings.jwt_audience,
                options=required,  # type: ignore[arg-type]
            )
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ASYMMETRIC:
            raise jwt.InvalidAlgorithmError("not an algorithm that an issuer signs with")
        key = await self._keys.named(header.get("kid"))
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            leeway=settings.jwt_leeway,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            options=required,  # type: ignore[arg-type]
        )


def unauthorized() -> Problem:
    """Return what is said to a caller without a valid token."""
    return Problem(
        401,
        "unauthorized",
        "Send a valid token: Authorization: Bearer …. It may be missing, expired or meant for another service.",
        headers={"WWW-Authenticate": 'Bearer realm="reprise"'},
    )


def _caller(claims: dict[str, Any]) -> Caller:
    """Return who the claims speak for.

    Raises:
        ValueError: They are not of the types that they should be: nothing is read into them.
    """
    subject, scope, accounts = claims["sub"], claims.get("scope", ""), claims.get("accounts", [])
    scopes = scope.split() if isinstance(scope, str) else scope
    for each in (scopes, accounts):
        if not isinstance(each, list) or not all(isinstance(part, str) for part in each):
            raise ValueError("scope and accounts must be texts")
    subject.encode()  # UnicodeEncodeError, which is a ValueError: half a surrogate pair names nobody
    return Caller(subject=subject[:255], scopes=frozenset(scopes), accounts=frozenset(accounts))


async def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Return who is asking; 401 without a valid token."""
    if credentials is None or len(request.headers.getlist("authorization")) > 1:  # of two, who could say which counts
        raise unauthorized()
    verifier: Verifier = request.app.state.verifier
    return await verifier.caller(credentials.credentials)


Authenticated = Annotated[Caller, Depends(authenticated)]

PathAccount = Annotated[str, Path(json_schema_extra={"pattern": ACCOUNT_ID, "examples": ["shop-42"]})]
"""An account's id in an address: one that no account can have is answered like one that none has (R19)."""


async def for_account(account_id: PathAccount, caller: Authenticated) -> Caller:
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
