"""Configuration, read once from the environment when a process starts.

Temporal's own settings (address, namespace, API key, TLS) are Temporal's environment configuration: `TEMPORAL_ADDRESS`
and the rest of `temporalio.envconfig`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

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


class WorkerSettings(StripeSettings):
    """What `python -m reprise.worker` reads."""

    announcements_url: HttpUrl | None = Field(
        default=None, description="The product's webhook endpoint. Set: new accounts announce changes (R18)."
    )
    announcements_secret: SecretStr | None = Field(default=None, description="Its Standard Webhooks secret, whsec_….")
    announcements_secret_previous: SecretStr | None = Field(
        default=None, description="A second one that announcements are signed with as well, while they are exchanged."
    )
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


class ApiSettings(StripeSettings):
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
    command_wait: Seconds = Field(default=10, description="Seconds until a command is answered with 202.")
    body_timeout: Seconds = Field(default=15, description="Seconds until a request's body must be complete.")
    max_body: int = Field(default=64 * 1024, ge=1024, description="Bytes of a request body.")
    max_record: int = Field(
        default=2 * 1024 * 1024, ge=1024, description="Bytes of the body of `POST …/restore`, which may hold a record."
    )
    announcements_url: HttpUrl | None = Field(
        default=None, description="The product's webhook endpoint. Set: new accounts announce changes (R18)."
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


def complaint(error: ValidationError) -> str:
    """Return what is wrong with the environment as one sentence that names the variables."""
    wrong = [f"{'_'.join(str(part) for part in each['loc']).upper()}: {each['msg']}" for each in error.errors()]
    return f"The environment is not complete: {'; '.join(wrong)}."
