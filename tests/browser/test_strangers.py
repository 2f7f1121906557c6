"""A page of somebody else's in a developer's browser, and the Stripe sandbox on the same machine (issue E, row 6)."""

import re
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.async_api import Browser, expect

from reprise.stripe_api.client import stripe_client
from tests.stripe_side import StripeSide

STRANGE = """<!doctype html><title>A stranger</title>
<iframe src="{invoice}"></iframe>
<img src="{stripe}/_sandbox/dump">
<form id="pays" method="post" action="{invoice}"><input name="card" value="pm_card_visa"></form>
<form id="moves" method="post" action="{stripe}/_sandbox/clock" enctype="text/plain">
<input name='{{"advance_seconds": 864000, "x' value='": 1}}'></form>
"""

FETCHES = """async ([stripe, mode]) => {
  const told = [];
  for (const [path, init] of [
    ["/_sandbox/dump", {}],
    ["/_sandbox/clock", {method: "POST", body: '{"advance_seconds": 864000}'}],
    ["/_sandbox/faults", {method: "DELETE"}],
    ["/_sandbox/webhooks", {method: "POST", body: "{}", headers: {"content-type": "application/json"}}],
  ]) {
    try {
      const answer = await fetch(stripe + path, {...init, mode});
      told.push(answer.type + answer.status + (await answer.text()));
    } catch (error) { told.push("nothing"); }
  }
  return told;
}"""


@pytest.fixture
async def invoice(stripe_side: StripeSide) -> AsyncIterator[str]:
    """The hosted page of an invoice that can be paid."""
    async with stripe_client(stripe_side.settings()) as client:
        customer = await client.v1.customers.create_async({"email": "payer@example.com"})
        made = await client.v1.invoices.create_async({"customer": customer.id})
        await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": made.id, "amount": 2000})
        yield str((await client.v1.invoices.finalize_invoice_async(made.id)).hosted_invoice_url)


@pytest.fixture
def stranger(stripe_side: StripeSide, invoice: str) -> Iterator[str]:
    """A web page of another origin."""
    page = STRANGE.format(stripe=stripe_side.url, invoice=invoice).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_strange_page_sees_and_does_nothing(chrome: Browser, stripe_side: StripeSide, stranger: str) -> None:
    """No frame shows the invoice, no script reads or moves anything, no form is taken."""
    context = await chrome.new_context()
    page = await context.new_page()
    await page.goto(stranger)
    before = stripe_side.dump()
    frame = page.frames[1]
    assert "Pay" not in await frame.evaluate("document.documentElement.innerText")
    assert await page.evaluate("document.images[0].naturalWidth") == 0
    for mode in ("cors", "no-cors"):
        for told in await page.evaluate(FETCHES, [stripe_side.url, mode]):
            assert told in {"nothing", "opaque0"}
    for form in ("pays", "moves"):
        await page.goto(stranger)
        async with page.expect_navigation():
            await page.evaluate("form => document.getElementById(form).submit()", form)
        await expect(page.locator("body")).to_contain_text("A page of another origin asks for this")
    after = stripe_side.dump()
    assert after["now"] - before["now"] < 600
    assert [each["status"] for each in after["invoices"]] == [each["status"] for each in before["invoices"]]
    await context.close()


async def test_its_own_pages_work_in_a_browser(chrome: Browser, invoice: str) -> None:
    """A payer who comes by a link of another page pays, and authenticates."""
    context = await chrome.new_context()
    page = await context.new_page()
    await page.set_content(f'<a href="{invoice}">Pay</a>')
    await page.get_by_role("link", name="Pay").click()
    await page.get_by_label("Pay with").select_option("pm_card_authenticationRequired")
    await page.get_by_role("button", name=re.compile("Pay")).click()
    await page.get_by_role("button", name="Complete authentication").click()
    await expect(page.get_by_role("status")).to_have_text("Paid. Thank you.")
    await context.close()
