"""Configuration, read once from the environment when a process starts.

Temporal's own settings (address, namespace, API key, TLS) are Temporal's environment configuration: `TEMPORAL_ADDRESS`
and the rest of `temporalio.envconfig`.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from reprise.branding import AccentColor, Branding, HttpsUrl, ProductName, Sentence

Seconds = Annotated[float, Field(gt=0, le=3600)]


class StripeSettings(BaseSettings):
    """How to reach Stripe. `stripe_url` points at the sandbox; unset, it is Stripe itself."""

    model_config = SettingsConfigDict(env_prefix="REPRISE_", extra="ignore", frozen=True)

    stripe_api_key: SecretStr = Field(
        validation_alias=AliasChoices("STRIPE_API_KEY", "REPRISE_STRIPE_API_KEY"),
        description="Key of Stripe. With it, `reprise dev` uses real Stripe (test keys only).",
    )
    stripe_url: HttpUrl | None = Field(default=None, description="Another address than Stripe's: the sandbox.")
    stripe_timeout: Seconds = Field(default=20, description="Seconds for one request to Stripe.")
    stripe_retries: int = Field(
        default=2, ge=0, le=10, description="Retries of one request, with the same idempotency key."
    )


DEFAULT_ENDPOINT: Final = "default"
"""The name of the endpoint that `REPRISE_ANNOUNCEMENTS_URL` sets."""

MAX_ENDPOINTS: Final = 10


class AnnouncementEndpoint(BaseModel):
    """One of the product's webhook endpoints (R18).

    `events` are the types that it is told of, `*` standing for any letters (`account.payment_*`); without it, all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    url: HttpUrl
    secret: SecretStr
    secret_previous: SecretStr | None = None
    events: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """What its announcements are signed with: two, while they are exchanged."""
        return (self.secret, self.secret_previous) if self.secret_previous else (self.secret,)


class AnnouncementSettings(BaseSettings):
    """Where changes are announced (R18). The API reads no more of it than whether they are."""

    model_config = SettingsConfigDict(env_prefix="REPRISE_", extra="ignore", frozen=True)

    announcements_url: HttpUrl | None = Field(
        default=None, description="The product's webhook endpoint. Set: new accounts announce changes (R18)."
    )
    announcements: tuple[AnnouncementEndpoint, ...] = Field(
        default=(),
        max_length=MAX_ENDPOINTS,
        description="Several endpoints, as JSON: `[{name, url, secret, secret_previous?, events?}]`"
        " ([webhooks](webhooks.md#endpoints)).",
    )
    announcements_file: Path | None = Field(
        default=None, description="The same as a file: JSON, or TOML with `[[announcements]]`; read at the start."
    )

    @property
    def announces(self) -> bool:
        """Whether accounts that open announce their changes."""
        return bool(self.announcements_url or self.announcements or self.announcements_file)


class WorkerSettings(StripeSettings, AnnouncementSettings):
    """What `python -m reprise.worker` reads."""

    announcements_secret: SecretStr | None = Field(default=None, description="Its Standard Webhooks secret, whsec_….")
    announcements_secret_previous: SecretStr | None = Field(
        default=None, description="A second one that announcements are signed with as well, while they are exchanged."
    )
    max_deliveries: int = Field(default=50, ge=1, description="Announcements on their way at the same time.")
    connect_timeout: float = Field(
        default=60, ge=0, le=3600, description="Seconds for which a worker tries to reach Temporal when it starts."
    )
    drain_timeout: Seconds = Field(default=30, description="Seconds that running activities get after SIGTERM.")
    max_activities: int = Field(default=100, ge=1, description="Activities at the same time.")
    max_cached_workflows: int = Field(
        default=1000,
        ge=0,
        description="Accounts kept in memory between their tasks; others are replayed when something happens to them.",
    )

    reconcile_cron: str = Field(
        default="0 3 * * *",
        description="When accounts are held against Stripe, in cron's five fields, UTC; empty: never by itself.",
    )
    reconcile_requests_per_second: float = Field(
        default=20, gt=0, le=100, description="How fast a reconciliation may ask Stripe, which others ask as well."
    )
    metrics_address: str | None = Field(
        default=None,
        pattern=r"^\S+:\d{1,5}$",
        description="Where Prometheus finds the worker's metrics, Temporal's and Reprise's own: host:port.",
    )

    @property
    def endpoints(self) -> tuple[AnnouncementEndpoint, ...]:
        """All endpoints, each with its secrets: of the one URL, of the list, of the file."""
        own: tuple[AnnouncementEndpoint, ...] = ()
        if self.announcements_url and self.announcements_secret:
            own = (
                AnnouncementEndpoint(
                    name=DEFAULT_ENDPOINT,
                    url=self.announcements_url,
                    secret=self.announcements_secret,
                    secret_previous=self.announcements_secret_previous,
                ),
            )
        of_file = read_endpoints(self.announcements_file) if self.announcements_file else ()
        return (*own, *self.announcements, *of_file)

    @model_validator(mode="after")
    def _endpoints_can_be_used(self) -> Self:
        if self.announcements_url and not self.announcements_secret:
            raise ValueError("REPRISE_ANNOUNCEMENTS_URL needs REPRISE_ANNOUNCEMENTS_SECRET: announcements are signed")
        names = [each.name for each in self.endpoints]
        if len(set(names)) < len(names):
            raise ValueError(f"two announcement endpoints have one name: {', '.join(names)}")
        if len(names) > MAX_ENDPOINTS:
            raise ValueError(f"there are more than {MAX_ENDPOINTS} announcement endpoints")
        return self


def read_endpoints(file: Path) -> tuple[AnnouncementEndpoint, ...]:
    """Return the endpoints that a file lists: JSON, or TOML with `[[announcements]]`.

    Raises:
        ValueError: It cannot be read; of what it holds, no secret is said.
    """
    try:
        text = file.read_text("utf-8")
        held: Any = tomllib.loads(text).get("announcements") if file.suffix == ".toml" else json.loads(text)
        return TypeAdapter(tuple[AnnouncementEndpoint, ...]).validate_python(held)
    except ValidationError as error:
        why = f"{'.'.join(str(part) for part in error.errors()[0]['loc'])}: {error.errors()[0]['msg']}"
    except (OSError, ValueError) as error:
        why = type(error).__name__
    raise ValueError(f"REPRISE_ANNOUNCEMENTS_FILE: {file} cannot be read as endpoints ({why})")


class ApiSettings(StripeSettings, AnnouncementSettings):
    """What the API reads. Either `jwt_secret` (embedded default) or issuer, audience and JWKS (production)."""

    jwt_secret: SecretStr | None = Field(
        default=None, min_length=32, description="Key of HS256 tokens, for the embedded default."
    )
    jwt_secret_previous: SecretStr | None = Field(
        default=None, min_length=32, description="A second key that tokens are believed by, while they are exchanged."
    )
    jwt_issuer: str | None = Field(default=None, description="Who signs tokens, in production.")
    jwt_audience: str | None = Field(default=None, description="Whom tokens must be for.")
    jwks_url: HttpUrl | None = Field(default=None, description="Where the issuer publishes its keys.")
    jwt_leeway: float = Field(default=30, ge=0, le=300, description="Seconds of clock skew allowed.")
    stripe_webhook_secret: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("STRIPE_WEBHOOK_SECRET", "REPRISE_STRIPE_WEBHOOK_SECRET"),
        description="Secret of the endpoint `/v1/webhooks/stripe`.",
    )
    stripe_webhook_secret_previous: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("STRIPE_WEBHOOK_SECRET_PREVIOUS", "REPRISE_STRIPE_WEBHOOK_SECRET_PREVIOUS"),
        description="A second one that events are believed by.",
    )
    portal_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key of one-time links and sessions, the same for all API processes; without it, that of tokens.",
    )
    portal_secret_previous: SecretStr | None = Field(
        default=None, min_length=32, description="A second key that links and sessions are believed by."
    )
    secrets_file: Path | None = Field(
        default=None, description="JSON with these secrets by their names, read again when it changes."
    )
    portal_session: float = Field(default=3600, ge=60, le=86400, description="Seconds that a sign-in lasts.")
    public_url: HttpUrl | None = Field(default=None, description="Where browsers reach the API; else where it listens.")
    product_name: ProductName | None = Field(default=None, description="What the pages call the product.")
    logo_url: HttpsUrl | None = Field(default=None, description="A picture beside its name on the pages; https.")
    accent_color: AccentColor | None = Field(
        default=None, description="Colour of the pages' links and buttons, `#rrggbb`, readable on white."
    )
    support_url: HttpsUrl | None = Field(default=None, description="Where users of the pages ask for help; https.")
    stays: Sentence | None = Field(
        default=None, description="A sentence on what stays after cancelling, shown before one does."
    )
    product_url: HttpUrl | None = Field(
        default=None, description="Where the pages lead back to when a session has ended and nothing else is known."
    )
    gallery: bool | None = Field(
        default=None, description="Serve `/portal/_gallery`; unset: where tokens are not an issuer's."
    )
    command_wait: Seconds = Field(default=10, description="Seconds until a command is answered with 202.")
    body_timeout: Seconds = Field(default=15, description="Seconds until a request's body must be complete.")
    max_body: int = Field(default=64 * 1024, ge=1024, description="Bytes of a request body.")
    max_record: int = Field(
        default=2 * 1024 * 1024, ge=1024, description="Bytes of the body of `POST …/restore`, which may hold a record."
    )
    docs: bool | None = Field(default=None, description="Serve `/docs`; unset: where tokens are not an issuer's.")
    trusted_proxies: str | None = Field(
        default=None, description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed."
    )
    limits_storage: str = Field(default="memory://", description="Where rates are counted: memory:// or redis://….")
    limit_wrong_tokens: str = Field(default="120/minute", description="Wrong tokens from one address.")
    limit_sign_ins: str = Field(default="60/minute", description="Uses of one-time links from one address.")
    limit_commands: str = Field(default="300/minute", description="Billing users' commands on one account.")
    limit_callers: str = Field(default="600/minute", description="Requests of one billing user.")
    limit_operators: str = Field(default="", description="Requests of one operator or backend; empty: any number.")

    @property
    def branding(self) -> Branding:
        """What the pages look like where a hand-over does not say otherwise."""
        return Branding.model_validate({name: getattr(self, name) for name in Branding.model_fields})


def complaint(error: ValidationError) -> str:
    """Return what is wrong with the environment as one sentence that names the variables."""
    wrong = [": ".join(filter(None, ("_".join(map(str, each["loc"])).upper(), each["msg"]))) for each in error.errors()]
    return f"The environment is not complete: {'; '.join(wrong)}."
