"""The worker, as tests run it: the settings of one in the test's own process, and one in a process of its own."""

import os
import subprocess
import sys
from typing import Any

from temporalio.client import Client

from reprise.settings import WorkerSettings
from tests.stripe_side import StripeSide


def worker_settings(stripe: StripeSide, **changes: Any) -> WorkerSettings:
    return WorkerSettings(STRIPE_API_KEY="sk_test_reprise", stripe_url=stripe.url, drain_timeout=5, **changes)


def worker_process(temporal: Client, stripe: StripeSide) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": temporal.service_client.config.target_host,
        "STRIPE_API_KEY": "sk_test_reprise",
        "REPRISE_STRIPE_URL": stripe.url,
    }
    return subprocess.Popen([sys.executable, "-m", "reprise.worker"], env=environment, stderr=subprocess.DEVNULL)
