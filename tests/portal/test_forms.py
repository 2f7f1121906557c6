"""R20 on the pages: every field of every form is held to what its command takes, and answered with a sentence."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.api.fuzz.counting import EXAMPLES
from tests.api_accounts import opened_id
from tests.api_side import Api
from tests.plain_http import plain_client
from tests.portal.over_http import form_of, link

pytestmark = pytest.mark.usefixtures("worker")

FORMS: dict[str, dict[str, str]] = {
    "cancel": {"state": "active", "payment": "", "when": "term_end"},
    "resume": {},
    "reactivate": {"expected_amount": "7500"},
    "call-off": {"payment": "shop:1"},
    "subscription": {"carts": "5"},
    "subscription-email": {"email": "billing@example.com"},
}
"""Each form with what its page sends beside the session's token and the form's key."""

VALUES = [
    "", " ", "-1", "+1", "1.5", "1e3", "0x10", "٣", "²", "7 500", "99999", "100000000", "999999999999", "9" * 13,
    "9" * 5000, "null", "true", "[]", "{}", "now\n", "active\x00", "\u202e", "\ud800", "x" * 300, "a@b", "@", "a@b.c d",
    "x" * 60_000, "<script>", "payment_failed", "0" * 36, "-" * 36,
]  # fmt: skip

Visit = tuple[httpx.AsyncClient, str, dict[str, str]]


@pytest.fixture
async def visit(operator: Api, api_url: str) -> AsyncIterator[Visit]:
    """A signed-in browser, the address of its account's pages, and what each of its forms carries."""
    account = await opened_id(operator, paid_through="2026-01-01T00:00:00Z")
    async with plain_client(base_url=api_url, timeout=30) as browser:
        assert (await browser.get(await link(operator, account))).status_code == 303
        page = await browser.get(f"/portal/accounts/{account}/reactivate")
        yield browser, f"/portal/accounts/{account}", form_of(page)


async def _sent(visit: Visit, form: str, fields: dict[str, str]) -> httpx.Response:
    browser, pages, carried = visit
    content = urlencode({**carried, **fields}, errors="surrogatepass")
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return await browser.post(f"{pages}/{form.removesuffix('-email')}", content=content, headers=kind)


@pytest.mark.parametrize("form", FORMS)
async def test_R20_every_field_of_every_form(visit: Visit, operator: Api, form: str) -> None:
    """Whatever stands in one of them: a page that says it, or what the button does; never 500.

    `make fuzz` sends every value in every field, the suite a third of them in each.
    """
    account = visit[1].rpartition("/")[2]
    before = (await operator.get(f"/v1/accounts/{account}"))["sequence"]
    for number, field in enumerate((*FORMS[form], "key", "forms_token", "surprise")):
        for value in VALUES if EXAMPLES else VALUES[number % 3 :: 3]:
            answer = await _sent(visit, form, {**FORMS[form], field: value})
            assert answer.status_code in {303, 403, 409, 413, 422}, (field, value[:40], answer.status_code)
            if answer.status_code not in {303, 413}:
                said = re.search(
                    r'<p(?: class="error"[^>]*)?>([^<]+)</p>\s*(?:<div class="(?:next|row)"|</main>)', answer.text
                )
                assert answer.status_code == 409 or (said is not None and said[1].endswith(".")), answer.text
                assert len(answer.text) < 8000, "nothing is said back at length"
            after = (await operator.get(f"/v1/accounts/{account}"))["sequence"]
            assert answer.status_code in {303, 409} or after == before
            before = after


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("reactivate", {"expected_amount": "9" * 13}, "Something in the form was missing or wrong"),
        ("reactivate", {"expected_amount": "75.00"}, "The amount is not one that this page has shown"),
        ("subscription", {"carts": "10001"}, "Carts must be a whole number from 0 to 10,000"),
        ("subscription", {"carts": "٣"}, "Carts must be a whole number from 0 to 10,000"),
        ("subscription-email", {"email": "nobody"}, "The e-mail must be an e-mail address such as billing@example.com"),
    ],
)
async def test_R20_what_is_said(visit: Visit, form: str, fields: dict[str, str], said: str) -> None:
    """What was wrong, and that nothing was changed."""
    answer = await _sent(visit, form, fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "Nothing was changed" in answer.text


async def test_R7_an_amount_that_nobody_was_shown_is_no_500(visit: Visit) -> None:
    """`expected_amount=100000000`, more than Stripe charges in dollars: the price is told, nothing is charged."""
    answer = await _sent(visit, "reactivate", {"expected_amount": "100000000"})
    assert answer.status_code == 409
    assert "Nothing was charged" in answer.text
