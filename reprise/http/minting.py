"""Tokens of the embedded default: made here, with its secret; in production an issuer makes them (R19)."""

import uuid
from datetime import UTC, datetime, timedelta

import jwt


def mint(secret: str, *, sub: str, scope: str, accounts: list[str], ttl: timedelta) -> str:
    """Return an HS256 token for the embedded default. Its `jti` is what it can be revoked by."""
    now = datetime.now(UTC)
    claims = {"sub": sub, "scope": scope, "accounts": accounts, "iat": now, "exp": now + ttl, "jti": uuid.uuid4().hex}
    return jwt.encode(claims, secret, algorithm="HS256")
