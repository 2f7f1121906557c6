"""The secrets of the embedded default: made once, kept in the data directory, readable by its owner alone."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

FILE = "secrets.json"


@dataclass(frozen=True)
class Secrets:
    """What the API checks tokens and Stripe's webhooks with; what it did before they were exchanged is believed too."""

    jwt_secret: str
    stripe_webhook_secret: str
    jwt_secret_previous: str | None = None
    stripe_webhook_secret_previous: str | None = None


def read(data: Path) -> Secrets | None:
    """Return the secrets kept in `data`; None when there are none yet."""
    try:
        return Secrets(**json.loads((data / FILE).read_text()))
    except FileNotFoundError:
        return None


def read_or_make(data: Path) -> Secrets:
    """Return the secrets kept in `data`, made now when there are none yet. They survive restarts."""
    if kept := read(data):
        return kept
    return _written(data, _new())


def rotate(data: Path) -> Secrets | None:
    """Exchange the secrets kept in `data`: new ones sign, and the old ones are believed until the next exchange.

    Returns:
        The secrets now; None when there are none to exchange.
    """
    kept = read(data)
    if kept is None:
        return None
    previous = {
        "jwt_secret_previous": kept.jwt_secret,
        "stripe_webhook_secret_previous": kept.stripe_webhook_secret,
    }
    return _written(data, replace(_new(), **previous))


def _new() -> Secrets:
    return Secrets(jwt_secret=secrets.token_urlsafe(48), stripe_webhook_secret=f"whsec_{secrets.token_hex(24)}")


def _written(data: Path, made: Secrets) -> Secrets:
    write_private(data / FILE, json.dumps(asdict(made), indent=2))
    return made


def jwt_secret(data: Path) -> str | None:
    """Return the secret that tokens are signed with: the environment's, or else the one kept in `data`."""
    kept = read(data)
    return os.environ.get("REPRISE_JWT_SECRET") or (kept.jwt_secret if kept else None)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)
