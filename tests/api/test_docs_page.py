"""`/docs`: from our own assets, as published, framed by nobody; off in production unless it is asked for."""

import hashlib
import re
import tomllib

import pytest
from temporalio.client import Client

from reprise.api.docs_page import ASSETS
from reprise.web import create_app
from tests.api_side import Api, Callers, Json, api_settings, served
from tests.stripe_side import StripeSide

PRODUCTION: Json = {
    "jwt_secret": None,
    "jwks_url": "http://127.0.0.1:1/jwks.json",
    "jwt_issuer": "https://issuer.example.com",
    "jwt_audience": "reprise",
}


async def test_the_reference_runs_no_script_of_another_host(caller: Callers) -> None:
    """Every address in the page is ours, and its policy allows no other, no inline script and no frame."""
    page = await caller().ask("GET", "/docs")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search("unsafe|http", policy)
    assert page.headers["x-frame-options"] == "DENY"
    assert not re.search(r"https?://|<script(?![^>]*src=)|\son\w+=|style=", page.text)
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(named) == 3
    for address in named:
        asset = await caller().ask("GET", address)
        assert (asset.status_code, asset.headers["x-content-type-options"]) == (200, "nosniff"), address
    assert (await caller().ask("GET", "/redoc")).status_code == 404
    assert (await caller().ask("GET", "/docs/oauth2-redirect")).status_code == 404


def test_the_assets_are_as_published() -> None:
    """Each file by its hash, with its licence; and nothing else but the page's own script."""
    listed = tomllib.loads((ASSETS / "swagger-ui.toml").read_text())
    assert (listed["package"], listed["license"]) == ("swagger-ui-dist", "Apache-2.0")
    for name, digest in listed["sha256"].items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name
    assert {each.name for each in ASSETS.iterdir()} == {*listed["sha256"], "swagger-ui.toml", "reference.js"}
    assert "Apache License" in (ASSETS / "swagger-ui.LICENSE.txt").read_text()


@pytest.mark.parametrize(
    ("settings", "status"),
    [(PRODUCTION, 404), ({**PRODUCTION, "docs": True}, 200), ({}, 200), ({"docs": False}, 404)],
    ids=["production", "production-asked-for", "embedded", "embedded-switched-off"],
)
async def test_where_it_is_served(temporal: Client, stripe_side: StripeSide, settings: Json, status: int) -> None:
    """The description for programs is served everywhere."""
    async with served(create_app(api_settings(stripe_side, **settings), temporal)) as url:
        api = Api(url, None)
        for path in ("/docs", "/docs/assets/swagger-ui.css"):
            assert (await api.ask("GET", path)).status_code == status, path
        assert (await api.ask("GET", "/openapi.json")).status_code == 200
        await api.http.aclose()


@pytest.mark.parametrize("path", ["/healthz", "/v1/accounts", "/nothing", "/openapi.json", "/portal"])
async def test_every_answer_is_hardened(caller: Callers, path: str) -> None:
    """Data that is framed, sniffed or cached by nobody; and nobody is told what serves it."""
    answer = await caller().ask("GET", path)
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


async def test_browsers_are_kept_to_tls_where_there_is_any(temporal: Client, stripe_side: StripeSide) -> None:
    """With a public address of https."""
    app = create_app(api_settings(stripe_side, public_url="https://billing.example.com"), temporal)
    async with served(app) as url:
        api = Api(url, None)
        answer = await api.ask("GET", "/healthz")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        await api.http.aclose()
