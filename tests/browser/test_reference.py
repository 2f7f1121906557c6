"""`/docs` in a browser: it works by our own assets alone, under a policy that allows no others."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.shop import Shop


async def test_the_reference_shows_every_operation(shop: Shop, visit: Visits) -> None:
    """No request leaves for another host, and the console complains of nothing (`visit` sees to that)."""
    page: Page = await visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{shop.url}/docs")
    await expect(page.get_by_role("heading", name="Reprise", level=1)).to_be_visible()
    document = (await shop.http.get("/openapi.json")).json()
    operations = sum(len(each) for each in (*document["paths"].values(), *document["webhooks"].values()))
    await expect(page.locator(".opblock")).to_have_count(operations)
    await page.locator(".opblock-summary").first.click()
    await expect(page.locator(".opblock-body").first).to_be_visible()
    assert len(asked) >= 5
    assert [each for each in asked if not each.startswith((f"{shop.url}/", "data:"))] == []
