"""What fuzzing shares: servers whose answers are counted, and that none of them is a 5xx."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from reprise.web import create_app
from tests.api.fuzz.counting import COUNTED, counted, since
from tests.api_side import WEBHOOK_SECRET, api_settings, served
from tests.stripe_side import StripeSide


@pytest.fixture(scope="session")
async def api_url(temporal: Client, stripe_process: StripeSide) -> AsyncIterator[str]:
    """The API, with the sandbox's webhooks coming in, and every answer counted; nobody's requests are too many."""
    unlimited = {f"limit_{what}": "" for what in ("wrong_tokens", "sign_ins", "commands", "callers")}
    app = create_app(api_settings(stripe_process, command_wait=8, **unlimited), temporal)
    async with served(counted(app)) as url:
        hook = {"url": f"{url}/v1/webhooks/stripe", "secret": WEBHOOK_SECRET}
        await asyncio.to_thread(stripe_process.post, "webhook_endpoints", hook)
        yield url


@pytest.fixture(autouse=True)
def healthy(record_property: pytest.FixtureRequest) -> Iterator[None]:
    """Count what a test sends, and hold every answer to be no 5xx: everything is healthy."""
    before = Counter(COUNTED)
    yield
    news = since(before)
    record_property("fuzzed", news)  # type: ignore[operator] # pytest's own fixture is a function
    assert news["answers of 5xx"] == 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much was fuzzed in all, by every process."""
    total: Counter[str] = Counter()
    for outcome in ("", "error"):  # a teardown that passed has no word of its own
        for report in terminalreporter.getreports(outcome):
            if report.when == "teardown":
                total.update(dict(report.user_properties).get("fuzzed", {}))
    if total:
        terminalreporter.write_line(
            f"fuzzed: {total['requests']:,} requests, {total['answers of 5xx']} answers of 5xx;"
            f" {total['commands']:,} commands"
        )
