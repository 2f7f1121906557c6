"""The secrets of the embedded default: made once, kept in the data directory, readable by its owner alone."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from reprise.local.errors import LocalError
from reprise.local.private import write_private

FILE = "secrets.json"

SHORTEST = 32
"""Characters that the API wants of a secret that it signs with."""


@dataclass(frozen=True)
class Secrets:
    """What the API checks tokens and Stripe's webhooks with; what it did before they were exchanged is believed too."""

    jwt_secret: str
    stripe_webhook_secret: str
    jwt_secret_previous: str | None = None
    stripe_webhook_secret_previous: str | None = None


def read(data: Path) -> Secrets | None:
    """Return the secrets kept in `data`; None when there are none yet.

    Raises:
        LocalError: What is kept there cannot be read, or is none.
    """
    file = data / FILE
    try:
        if file.exists() and not file.is_file():
            raise ValueError("it is no file")  # noqa: TRY301 - said like all that is wrong with it
        return _read(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = error.strerror
    except ValueError as error:
        why = str(error)
    raise LocalError(
        f"{file} does not hold the secrets of `reprise dev` ({why}). Put it back from a copy; or move it away, and new"
        " ones are made: tokens and sign-ins from before are refused then."
    )


def _read(kept: bytes) -> Secrets:
    """Return the secrets that a file holds; what a later release has added is passed over.

    Raises:
        ValueError: It holds none; the message says why.
    """
    try:
        known = json.loads(kept) if kept.strip() else None
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if known is None:
        raise ValueError("it is empty")
    if not isinstance(known, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what is kept is wrong, not what was passed
    values: dict[str, Any] = {each.name: known.get(each.name) for each in fields(Secrets)}
    for name, value in values.items():
        optional = name.endswith("_previous")
        if not (isinstance(value, str) and len(value) >= SHORTEST) and not (optional and value is None):
            raise ValueError(f"{name} is missing, or no text of {SHORTEST} characters or more")
    return Secrets(**values)


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
    """Return the secret that tokens are signed with: the environment's, or else the one kept in `data`.

    Raises:
        LocalError: The environment's is too short for the API, or what is kept cannot be read.
    """
    if own := os.environ.get("REPRISE_JWT_SECRET"):
        if len(own) < SHORTEST:
            raise LocalError(f"REPRISE_JWT_SECRET is shorter than {SHORTEST} characters: the API does not take it.")
        return own
    kept = read(data)
    return kept.jwt_secret if kept else None
