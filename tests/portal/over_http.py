"""The pages over HTTP, without a browser: links that sign their users in, and what forms send."""

import re
from typing import Any

import httpx

from tests.api_side import Api, Json

ADA = {"id": "user-7", "name": "Ada Lovelace", "billing_access": True}


async def link(operator: Api, account: str, **user: Any) -> str:
    """Return a one-time link to an account's pages, as the product's backend gets it; `user` changes who follows it."""
    answer = await operator.ask("POST", f"/v1/accounts/{account}/portal-sessions", {"user": {**ADA, **user}})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def form_of(page: httpx.Response, **fields: str) -> Json:
    """Return what a form of a page sends: the session's token, the form's key, and its fields."""
    carried = {name: re.findall(f'name="{name}" value="([^"]+)"', page.text)[-1] for name in ("forms_token", "key")}
    return carried | fields


def fields_of(page: httpx.Response, button: str) -> Json:
    """Return what the form with a button sends, but for what its reader chooses."""
    form = next(each for each in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if button in each)
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
