"""Secrets of the embedded default: made once, kept in the data directory for its owner alone."""

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

_FILES = {"jwt": "jwt.secret", "stripe": "stripe-webhook.secret"}

SANDBOX_KEY = "sk_test_reprise_embedded_default"
"""The sandbox takes any test key."""


@dataclass(frozen=True)
class Secrets:
    """What the processes of one embedded default share."""

    jwt: str
    stripe_webhook: str


def load(data: Path) -> Secrets:
    """Return the secrets of a data directory, made on first use."""
    return Secrets(
        jwt=_kept(data / _FILES["jwt"], secrets.token_urlsafe(48)),
        stripe_webhook=_kept(
            data / _FILES["stripe"], "whsec_" + base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
        ),
    )


def jwt_secret(data: Path) -> str | None:
    """Return the secret that tokens are signed with: the environment's, or the data directory's."""
    if secret := os.environ.get("REPRISE_JWT_SECRET"):
        return secret
    kept = data / _FILES["jwt"]
    return kept.read_text().strip() if kept.exists() else None


def _kept(path: Path, fresh: str) -> str:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(fresh)
    return path.read_text().strip()
