"""The ops view: what `reprise dev` links to, what an account's details say, what is sent by hand (R13, R17, R20)."""

import re

from playwright.async_api import Browser

from tests.browser.shop import Shop
from tests.browser.states import refused_for_good
from tests.browser.temporal_ui import temporal_ui


async def test_R13_an_operator_finds_reads_and_acts_in_the_temporal_ui(shop: Shop, chrome: Browser) -> None:
    """From the link to the details, a rendered list; an update is refused in a sentence; another needs no input."""
    account = await refused_for_good(shop)
    async with temporal_ui(shop, chrome) as ui:
        rows = await ui.list_of("past due")
        await rows.filter(has_text=account).first.click()
        details = await ui.details()
        told = await details.get_by_role("listitem").all_inner_texts()
        assert told[0].startswith(
            "Waiting for: another payment method; payment retry 4 of 4: the bank refuses this card"
        )
        assert [each.partition(":")[0] for each in told] == [
            "Waiting for", "Since", "The shop stops", "Paid term", "Payment", "Last", "Updates it takes",
        ]  # fmt: skip
        invoice = await details.get_by_role("link", name="invoice at Stripe").get_attribute("href")
        page = await shop.http.get(invoice or "", follow_redirects=True)
        assert page.status_code == 200
        assert re.search("75.00|75,00", page.text)
        form = await ui.send_update("carts", '{"carts": "many"}')
        said = await form.get_by_text("Nothing was changed").inner_text()
        assert said.startswith("carts: Input should be a valid integer.")
        assert "Traceback" not in await form.inner_text()
        assert "File " not in await form.inner_text()
        await form.get_by_role("button", name="Cancel").last.click()
        await ui.send_update("disable")
        await shop.until(account, disabled_reason="operator")
    entry = (await shop.ask("GET", f"/v1/accounts/{account}/timeline"))["timeline"][0]
    assert (entry["type"], entry["actor"]) == ("account.disabled", {"kind": "operator", "id": "Temporal UI"})
