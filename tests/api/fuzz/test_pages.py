"""The Profile & Billing pages under input that no browser sends: no 5xx, and nothing done that was not asked for."""

import os
import re
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api_side import Api, new_account
from tests.plain_http import plain_client
from tests.portal.over_http import form_of

pytestmark = pytest.mark.usefixtures("worker")

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
fuzzed = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PAGES = ["", "/subscription", "/cancel", "/reactivate", "/invoices", "/history", "/billing-information"]
BUTTONS = ["cancel", "resume", "reactivate", "call-off", "carts"]
FIELDS = ["key", "when", "carts", "expected_amount", "forms_token", "surprise"]

texts = st.text(max_size=60) | st.sampled_from(
    ["", "0", "-1", "1.5", "²", "٣", "1" * 5000, "now", "term_end", "\x00", "\ud800", "\u202e", "<script>", "in_1"]
)
raw = st.binary(max_size=200)
values = texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | raw


@pytest.fixture
async def visit(operator: Api, api_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, str, dict[str, str]]]:
    """A signed-in browser, its account, and what a form of its pages carries."""
    body = new_account(paid_through="2026-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", body)
    account = str(body["account_id"])
    user = {"user": {"id": "user-7", "billing_access": True}, "return_url": "https://shop.example.com/"}
    link = (await operator.ask("POST", f"/v1/accounts/{account}/portal-sessions", user)).json()["url"]
    async with plain_client(base_url=api_url, follow_redirects=False, timeout=30) as browser:
        assert (await browser.get(link)).status_code == 303
        page = await browser.get(f"/portal/accounts/{account}/reactivate")
        yield browser, account, form_of(page)


Visit = tuple[httpx.AsyncClient, str, dict[str, str]]


def shown(answer: httpx.Response) -> None:
    """Hold an answer to be a page, or a way to one."""
    assert answer.status_code in {200, 303, 400, 401, 403, 404, 409, 410, 413, 422}, answer.text[:2000]
    if answer.status_code == 303:
        assert answer.headers["location"].startswith(("/portal/", "http://127.0.0.1:"))
    elif answer.status_code != 413:
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-security-policy"]


LANGUAGES = ["de", "ar-EG", "x" * 3000, "en-US-POSIX", "zh-Hant-TW;q=0.0001", "root", "sr-Latn_RS", "-", "C", "en;q=9"]

queries = st.lists(st.tuples(st.sampled_from([b"notice", b"after", b"x"]) | raw, values), max_size=3).map(urlencode)
visible = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=50)
languages = st.from_regex(r"[a-zA-Z*;=,.0-9 -]{0,40}", fullmatch=True).map(str.strip) | st.sampled_from(LANGUAGES)


@fuzzed
@given(page=st.sampled_from(PAGES), query=queries | visible, language=languages)
async def test_query_strings(visit: Visit, page: str, query: str, language: str) -> None:
    """Whatever stands after the question mark, and whatever language is asked for."""
    browser, account, _ = visit
    address = f"/portal/accounts/{account}{page}?{query}"
    shown(await browser.get(address, headers={"accept-language": language}))


PLACES = ["/portal/sign-in/", "/portal/static/", "/portal/accounts/", "/portal/accounts/{account}/", "/portal/"]


@fuzzed
@given(place=st.sampled_from(PLACES), part=values.map(lambda value: quote(value, safe="/.%")))
async def test_addresses(visit: Visit, place: str, part: str) -> None:
    """Other accounts, made-up links, files that are not there."""
    browser, account, _ = visit
    answer = await browser.get(place.format(account=account) + part)
    path = answer.request.url.path
    if not path.startswith("/portal/") or "\n" in path:  # led out of the pages: routes hold no line breaks
        assert answer.status_code == 404
    elif (place, answer.status_code) != ("/portal/static/", 200):
        shown(answer)


MULTIPART = {"content-type": "multipart/form-data; boundary=x"}
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
KINDS = [URLENCODED, MULTIPART, {"content-type": "application/json"}, {"content-type": "multipart/form-data"}, {}]


@fuzzed
@given(
    button=st.sampled_from(BUTTONS),
    fields=st.lists(st.tuples(st.sampled_from(FIELDS).map(str.encode) | raw, values), max_size=5),
    own=st.sets(st.sampled_from(["forms_token", "key"])),
    headers=st.sampled_from(KINDS),
)
async def test_R20_forms(
    visit: Visit, operator: Api, button: str, fields: list[tuple[bytes, bytes]], own: set[str], headers: dict[str, str]
) -> None:
    """With the session's own token and key or without, any other fields, any encoding: done or refused, never both."""
    browser, account, form = visit
    before = (await operator.get(f"/v1/accounts/{account}"))["sequence"]
    pairs = [*((name.encode(), form[name].encode()) for name in sorted(own)), *fields]
    content = _multipart(pairs) if headers is MULTIPART else urlencode(pairs).encode()
    answer = await browser.post(f"/portal/accounts/{account}/{button}", content=content, headers=headers)
    shown(answer)
    if answer.status_code in {400, 403, 413, 422}:
        assert (await operator.get(f"/v1/accounts/{account}"))["sequence"] == before
    assert answer.status_code != 303 or own == {"forms_token", "key"} or b"forms_token" in dict(fields)


def _multipart(pairs: list[tuple[bytes, bytes]]) -> bytes:
    parts = [
        b'--x\r\ncontent-disposition: form-data; name="' + name + (b'"; filename="f' if name == b"surprise" else b"")
        + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in pairs
    ]  # fmt: skip
    return b"".join(parts) + b"--x--\r\n"


@fuzzed
@given(place=st.integers(0, 150), instead=st.sampled_from("AZaz09-_;"), other=raw | st.none())
async def test_R19_cookies(visit: Visit, api_url: str, place: int, instead: str, other: bytes | None) -> None:
    """A session's cookie changed anywhere, or anything else: signed out."""
    browser, account, _ = visit
    genuine = browser.cookies["reprise_portal"].strip('"')
    changed = genuine[:place] + instead + genuine[place + 1 :]
    cookie = changed.encode() if other is None else re.sub(rb"[\x00-\x1f]", b"", other).strip()
    async with plain_client(timeout=30) as another:
        page = f"{api_url}/portal/accounts/{account}"
        answer = await another.get(page, headers=[(b"cookie", b"reprise_portal=" + cookie)])
    assert answer.status_code == (200 if cookie == genuine.encode() else 401)
