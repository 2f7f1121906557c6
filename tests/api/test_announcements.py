"""R18 over HTTP: what is not delivered is listed and sent again, endpoints are tested, announcements turned on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
from temporalio.client import Client
from typer.testing import CliRunner

from reprise.cli.main import app
from reprise.worker import account_worker
from tests.api_accounts import opened_id
from tests.api_side import Api, new_account, token
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_settings


@pytest.fixture
def crm() -> Iterator[Product]:
    with closing(Product()) as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
async def endpoints(temporal: Client, stripe_side: StripeSide, product: Product, crm: Product) -> AsyncIterator[None]:
    """A worker with two endpoints."""
    both = (product.endpoint("shop"), crm.endpoint("crm"))
    async with account_worker(temporal, worker_settings(stripe_side, announcements=both)):
        yield


async def opened(operator: Api) -> str:
    """Open an account of an API that has no endpoint configured, and turn its announcements on."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    answer = await operator.ask("PUT", f"/v1/accounts/{account}/announcements", {"enabled": True})
    assert answer.status_code == 202, answer.text
    return account


async def test_R18_what_an_endpoint_does_not_take_is_listed_and_sent_again(
    operator: Api, product: Product, crm: Product
) -> None:
    """By account, with how many, since when and why; gone from the list once it is taken. Again from an entry on."""
    account = await opened(operator)
    path = f"/v1/accounts/{account}"
    crm.answers = [503] * 1000
    await operator.ask("PUT", f"{path}/carts", {"carts": 4})
    await until(lambda: product.sequences(account) == [2], seconds=30)

    async def listed() -> list[str]:
        page = await operator.get("/v1/announcements/pending?endpoint=crm&limit=50")
        return [each["account_id"] for each in page["accounts"]]

    await until(listed, lambda them: account in them, seconds=30)
    for none in (0, 51):
        assert (await operator.ask("GET", f"/v1/announcements/pending?limit={none}")).status_code == 422
    page = await operator.get("/v1/announcements/pending")
    (waiting,) = next(each for each in page["accounts"] if each["account_id"] == account)["endpoints"]
    assert (waiting["endpoint"], waiting["pending"], waiting["next_sequence"]) == ("crm", 1, 2)
    assert "HTTP 503" in waiting["last_error"]
    assert waiting["failing_since"] >= waiting["oldest_at"]
    assert account not in (await operator.get("/v1/announcements/pending?endpoint=shop"))["accounts"]

    crm.answers.clear()
    answer = await operator.ask("POST", f"{path}/announcements/resend")
    assert answer.status_code == 202, answer.text
    await until(lambda: crm.sequences(account) == [2], seconds=30)
    await until(listed, lambda them: account not in them, seconds=30)
    await operator.ask("POST", f"{path}/announcements/resend", {"from_sequence": 1, "endpoint": "crm"})
    await until(lambda: crm.sequences(account) == [2, 1, 2], seconds=30)
    assert product.sequences(account) == [2]
    for wrong, field in (({"endpoint": "mail"}, "endpoint"), ({"from_sequence": 99}, "from_sequence")):
        answer = await operator.ask("POST", f"{path}/announcements/resend", wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await operator.ask("POST", "/v1/accounts/none/announcements/resend")).status_code == 404


async def test_R18_endpoints_are_tested_from_a_worker(operator: Api, product: Product, crm: Product) -> None:
    """What each answers; one that there is not is refused by its name."""
    crm.answers = [401]
    answer = await operator.ask("POST", "/v1/announcements/test")
    assert answer.status_code == 200, answer.text
    shop, other = answer.json()["endpoints"]
    assert (shop["endpoint"], shop["url"], shop["delivered"], shop["status"]) == ("shop", product.url, True, 204)
    assert (other["endpoint"], other["delivered"], other["status"], other["error"]) == ("crm", False, 401, "HTTP 401")
    assert [each["type"] for each in product.heard] == ["announcements.test"]
    answer = await operator.ask("POST", "/v1/announcements/test", {"endpoint": "mail"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "endpoint")


async def test_R18_announcements_of_existing_accounts_are_turned_on_by_a_command(
    operator: Api, product: Product
) -> None:
    """All of them at once, in the background, from then on; by the command line, which asks the API."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    account = made["account_id"]

    def command(*arguments: str) -> str:
        given = ["announcements", *arguments, "--url", operator.url, "--token", token(scope="operator")]
        ended = CliRunner().invoke(app, given)
        assert ended.exit_code == 0, ended.output
        return ended.output

    assert "being turned on" in await asyncio.to_thread(command, "on", "--yes")
    carts = 3
    async with asyncio.timeout(30):
        while not product.sequences(account):
            carts += 1
            await operator.ask("PUT", f"/v1/accounts/{account}/carts", {"carts": carts})
            await asyncio.sleep(0.2)
    assert "delivered" in await asyncio.to_thread(command, "test", "--endpoint", "shop")
    await asyncio.to_thread(command, "resend", account)
    await asyncio.to_thread(command, "pending")
    assert f"{account} are off" in await asyncio.to_thread(command, "off", "--account", account)
