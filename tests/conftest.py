"""What the suite shares: one Stripe sandbox for each process that runs tests."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import chromium
from tests.product import Product
from tests.stripe_side import StripeSide

settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSide]:
    with closing(StripeSide(tmp_path_factory.mktemp("stripe") / "stripe.db")) as side:
        yield side


@pytest.fixture
def stripe_side(stripe_process: StripeSide) -> Iterator[StripeSide]:
    """Stripe's side without faults, before and after."""
    stripe_process.no_faults()
    yield stripe_process
    stripe_process.no_faults()


@pytest.fixture
def product() -> Iterator[Product]:
    """The product's webhook endpoint."""
    with closing(Product()) as endpoint:
        yield endpoint


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have measured, and say aloud when the pages were not looked at."""
    if any(chromium.MISSING in str(report.longrepr) for report in terminalreporter.getreports("skipped")):
        terminalreporter.write_line(chromium.MISSING, red=True, bold=True)
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(str(value))
