"""The secrets that the API checks with: of each kind the one in use, and a second one while they are exchanged.

Whoever exchanges a secret never stops the service: both are believed until the old one is taken away.
"""

import json
import time
from pathlib import Path
from typing import Annotated, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from reprise.settings import ApiSettings

log = structlog.get_logger()

LOOKED_AT_EVERY: Final = 1.0
"""Seconds after which the file is looked at again: so long may an exchanged secret take to be known."""

_Key = Annotated[SecretStr, Field(min_length=32)]


class Secrets(BaseModel):
    """Secrets by their kinds; of each the first signs, and both are believed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    jwt_secret: _Key | None = None
    jwt_secret_previous: _Key | None = None
    portal_secret: _Key | None = None
    portal_secret_previous: _Key | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_webhook_secret_previous: SecretStr | None = None

    @property
    def for_tokens(self) -> tuple[str, ...]:
        """Keys of HS256 tokens."""
        return _given(self.jwt_secret, self.jwt_secret_previous)

    @property
    def for_portal(self) -> tuple[str, ...]:
        """Secrets of one-time links and sessions: the portal's own, or else those of tokens."""
        if self.portal_secret is None:
            return _given(self.jwt_secret, self.portal_secret_previous, self.jwt_secret_previous)
        return _given(self.portal_secret, self.portal_secret_previous)

    @property
    def for_webhooks(self) -> tuple[str, ...]:
        """What Stripe signs its events with."""
        return _given(self.stripe_webhook_secret, self.stripe_webhook_secret_previous)


def _given(*secrets: SecretStr | None) -> tuple[str, ...]:
    return tuple(each.get_secret_value() for each in secrets if each is not None)


class Keys:
    """The secrets of this process, as environment and file have them now."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take the settings, and read the file that they name.

        Raises:
            ValueError: The file cannot be read, or holds no such secrets.
        """
        self._environment = Secrets.model_validate({name: getattr(settings, name) for name in Secrets.model_fields})
        self._file = settings.secrets_file
        self._seen: tuple[int, ...] | None = None
        self._looked = float("-inf")
        self._now = self._environment
        if self._file is not None:
            self._now = self._read(self._file)
            self._seen, self._looked = _mark(self._file), time.monotonic()

    @property
    def now(self) -> Secrets:
        """The secrets; a file that was changed is read again, and one that was spoilt changes nothing."""
        if self._file is not None and time.monotonic() - self._looked > LOOKED_AT_EVERY:
            self._looked = time.monotonic()
            try:
                mark = _mark(self._file)
                if mark != self._seen:
                    self._now, self._seen = self._read(self._file), mark
                    log.info("secrets were read again")
            except (OSError, ValueError) as error:
                log.error("secrets cannot be read again; those from before go on", why=type(error).__name__)
        return self._now

    def _read(self, file: Path) -> Secrets:
        """Return the environment's secrets, save for the kinds that the file holds.

        Raises:
            ValueError: It cannot be read; what it holds is not said.
        """
        try:
            document = json.loads(file.read_text("utf-8"))
            held = Secrets.model_validate(document) if isinstance(document, dict) else None
        except (OSError, ValueError, RecursionError, ValidationError) as error:
            raise ValueError(f"REPRISE_SECRETS_FILE: {file} cannot be read as secrets") from error
        if held is None:
            raise ValueError(f"REPRISE_SECRETS_FILE: {file} holds no JSON object")
        changed: dict[str, SecretStr | None] = {}
        for kind in ("jwt_secret", "portal_secret", "stripe_webhook_secret"):
            if getattr(held, kind) is not None:
                changed |= {name: getattr(held, name) for name in (kind, f"{kind}_previous")}
        return self._environment.model_copy(update=changed)


def _mark(file: Path) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
