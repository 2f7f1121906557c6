"""Bearer tokens: what they say, whether they are believed, and how the embedded default makes its own (R19)."""

from dataclasses import dataclass, replace
from typing import Any, Final

import jwt
import structlog

from reprise.errors import RepriseError
from reprise.http import audit
from reprise.http.issuer_keys import ASYMMETRIC, IssuerKeys
from reprise.http.keys import Keys
from reprise.http.problems import Problem
from reprise.http.scopes import Scope, of_operators
from reprise.settings import ApiSettings
from reprise.statemachine.timeline import Actor, ActorKind

log = structlog.get_logger()


@dataclass(frozen=True)
class Caller:
    """Who is asking: their id, what they may, and for which accounts; of their token its id, and when it was issued."""

    subject: str
    scopes: frozenset[str]
    accounts: frozenset[str]
    token_id: str | None = None
    issued_at: int | None = None

    @property
    def is_operator(self) -> bool:
        """Whether the caller is one of the people who run the service."""
        return bool(of_operators(self.scopes))

    @property
    def is_backend(self) -> bool:
        """Whether the caller is the product's backend, or one of the people who run the service."""
        return self.is_operator or Scope.BACKEND in self.scopes

    def may(self, scope: Scope) -> bool:
        """Say whether the caller has one of the operators' scopes, or all of them."""
        return scope in of_operators(self.scopes)

    def as_owner(self) -> "Caller":
        """Return the caller as the user with Billing Access that they are as well."""
        return replace(self, scopes=self.scopes & {Scope.BILLING_USER})

    @property
    def kind(self) -> audit.Kind:
        """As what the caller asks."""
        if self.is_operator:
            return "operator"
        return "backend" if self.is_backend else "billing"

    def actor(self) -> Actor:
        """Return the caller as the timeline names them (R17)."""
        if self.is_operator:
            return Actor(kind=ActorKind.OPERATOR, id=self.subject)
        return Actor(kind=ActorKind.PRODUCT if self.is_backend else ActorKind.USER, id=self.subject)


class Verifier:
    """Checks tokens: HS256 with a secret in the embedded default, an issuer's key set in production."""

    def __init__(self, settings: ApiSettings, keys: Keys) -> None:
        """Take the settings and the secrets.

        Raises:
            ValueError: Neither a secret nor issuer, audience and key set are configured.
        """
        self._settings = settings
        self._secrets = keys
        self._keys: IssuerKeys | None = None
        if settings.jwks_url:
            if not (settings.jwt_issuer and settings.jwt_audience):
                raise ValueError("REPRISE_JWKS_URL needs REPRISE_JWT_ISSUER and REPRISE_JWT_AUDIENCE beside it")
            self._keys = IssuerKeys(str(settings.jwks_url))
        elif not keys.now.for_tokens:
            raise ValueError("set REPRISE_JWT_SECRET, or REPRISE_JWKS_URL with issuer and audience")

    async def caller(self, token: str) -> Caller:
        """Return who a token speaks for.

        Raises:
            Problem: 401: it is not valid.
            Unavailable: That cannot be known, because its issuer's keys are out of reach.
        """
        try:
            return _caller(await self._claims(token))
        except (Problem, RepriseError):
            raise
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise unauthorized(_what_is_wrong(error)) from error
        except Exception as error:  # a token is anybody's text: whatever reading it raises, it is not valid
            log.warning("a token could not be read", why=type(error).__name__)
            raise unauthorized(UNREADABLE) from error

    async def _claims(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            return self._by_secret(token)
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC:
            raise jwt.InvalidAlgorithmError("not an algorithm that an issuer signs with")
        key = await self._keys.named(header.get("kid"))
        return self._decoded(token, key.key, key.algorithm_name)

    def _by_secret(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that is signed with one of our secrets: two, while they are exchanged."""
        *others, last = self._secrets.now.for_tokens
        for secret in others:
            try:
                return self._decoded(token, secret, "HS256")
            except jwt.InvalidSignatureError:
                continue
        return self._decoded(token, last, "HS256")

    def _decoded(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        """Return a token's claims. Its audience may be one or several (RFC 7519, 4.1.3): ours must be among them."""
        settings = self._settings
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            leeway=settings.jwt_leeway,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,  # without one of ours, a token that names any is another's
            options={"require": ["exp", "sub"]},
        )


UNREADABLE: Final = "The token cannot be read as one of those that are taken here"

REVOKED: Final = "The token was revoked"

SENT_TWICE: Final = "The request has more than one Authorization header"


def unauthorized(why: str | None = None) -> Problem:
    """Return what is said to a caller without a valid token (RFC 6750, 3).

    Args:
        why: What is wrong with the one that was sent, in plain ASCII; None where there was none.
    """
    wrong = f', error="invalid_token", error_description="{why}"' if why else ""
    return Problem(
        401,
        "unauthorized",
        f"{why or 'The request has no token'}. Send a valid one: Authorization: Bearer ….",
        headers={"WWW-Authenticate": f'Bearer realm="reprise"{wrong}'},
    )


def _what_is_wrong(error: Exception) -> str:
    """Say why a token is not believed. What it claims is looked at only once its signature is good (PyJWT 2.10)."""
    match error:
        case jwt.ExpiredSignatureError():
            return "The token has expired"
        case jwt.ImmatureSignatureError() | jwt.InvalidIssuedAtError():
            return "The token is not valid yet"
        case jwt.InvalidAudienceError() | jwt.InvalidIssuerError():
            return "The token is meant for another service"
        case jwt.MissingRequiredClaimError(claim="aud" | "iss"):
            return "The token is meant for another service"
        case jwt.MissingRequiredClaimError():
            return "The token lacks a claim: exp and sub are required"
        case jwt.InvalidSignatureError() | jwt.InvalidKeyError():
            return "The token is not signed by an issuer that is trusted here"
        case _:
            return UNREADABLE


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
    return Caller(
        subject=subject[:255],
        scopes=frozenset(scopes),
        accounts=frozenset(accounts),
        token_id=claims.get("jti"),
        issued_at=int(claims["iat"]) if "iat" in claims else None,
    )
