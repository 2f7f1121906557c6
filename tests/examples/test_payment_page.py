"""The example of a page that takes a card: its server, with the sandbox in Stripe's place and a real API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_side import Api, token
from tests.examples.running import running
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide

EXAMPLE = Path(__file__).parents[2] / "examples" / "payment_page"

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def page(api_url: str, stripe_side: StripeSide) -> Iterator[str]:
    """The example, running; its address."""
    keys = {"STRIPE_API_KEY": "sk_test_reprise", "STRIPE_PUBLISHABLE_KEY": "pk_test_reprise"}
    where = {"STRIPE_URL": stripe_side.url, "REPRISE_URL": api_url, "REPRISE_TOKEN": token(scope="backend")}
    with running(EXAMPLE / "server.py", "0", **keys, **where) as address:
        yield address


async def test_R1_a_card_from_the_page_opens_an_account(page: str, operator: Api, stripe_side: StripeSide) -> None:
    """The browser confirms an intent; its payment method pays the first month. Reloaded, nothing is charged again."""
    async with plain_client(timeout=30) as browser:
        assert 'Stripe("pk_test_reprise")' in (await browser.get(page)).text
        secret = (await browser.post(f"{page}/setup-intent")).json()["client_secret"]
        intent = secret.partition("_secret_")[0]
        confirmed = await browser.post(  # what Stripe.js does
            f"{stripe_side.url}/v1/setup_intents/{intent}/confirm",
            data={"payment_method": "pm_card_visa"},
            headers={"Authorization": "Bearer sk_test_reprise"},
        )
        assert confirmed.json()["status"] == "succeeded", confirmed.text
        done = f"{page}/done?setup_intent={intent}&redirect_status=succeeded"
        account = f"shop-{intent[-8:]}"
        for _ in range(2):
            assert f"{account}: active, payment paid" in (await browser.get(done)).text
    assert stripe_side.charged(account) == [7500]
    assert (await operator.get(f"/v1/accounts/{account}"))["state"] == "active"
