"""`reprise secrets rotate`: new secrets without a stop, and the tokens that the embedded default gives out."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt

from reprise.local import secrets
from tests.local.commands import Dev, opening, run, until


def test_secrets_are_exchanged_while_everything_runs(dev: Callable[..., Dev], tmp_path: Path) -> None:
    """Tokens and a sign-in from before go on, new ones are taken at once, and Stripe's events still come through."""
    data = str(tmp_path / "data")
    where = dev().addresses()
    before = where["operator_token"]
    claims = jwt.decode(before, options={"verify_signature": False})
    assert 11.9 * 3600 < claims["exp"] - time.time() <= 12 * 3600, "the token that is printed lives 12 hours"
    with httpx.Client(base_url=where["api"], trust_env=False, timeout=20, follow_redirects=True) as http:

        def status(token: str) -> int:
            return http.get("/v1/accounts", headers={"Authorization": f"Bearer {token}"}).status_code

        bearer = {"Authorization": f"Bearer {before}"}
        assert http.post("/v1/accounts", json=opening("shop-1"), headers=bearer).status_code == 201
        page = http.get(run("portal-link", "shop-1", "--data", data).stdout.strip())
        assert page.status_code == 200

        done = run("secrets", "rotate", "--data", data)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        after = run("token", "--operator", "--data", data).stdout.strip()
        assert [status(each) for each in (before, after)] == [200, 200]
        assert http.get(page.url).status_code == 200, "nobody is signed out"
        link = run("portal-link", "shop-1", "--data", data).stdout.strip()
        assert httpx.get(link, follow_redirects=True, trust_env=False, timeout=20).status_code == 200

        log = tmp_path / "data" / "logs" / "api.log"
        seen = len(log.read_text())
        assert http.post("/v1/accounts", json=opening("shop-2"), headers=bearer).status_code == 201
        hook = re.compile(r'"route": "/v1/webhooks/stripe", "status": (\d+)')
        until(lambda: bool(hook.search(log.read_text()[seen:])), "an event that the sandbox signs with the new secret")
        assert set(hook.findall(log.read_text()[seen:])) == {"200"}

        assert run("secrets", "rotate", "--data", data).returncode == 0
        until(lambda: status(before) == 401, "of two exchanges ago, nothing is believed")
        assert status(after) == 200


def test_secrets_that_are_not_there_or_not_ours(tmp_path: Path) -> None:
    """A sentence, exit 1, and nothing is written."""
    done = run("secrets", "rotate", "--data", str(tmp_path))
    assert (done.returncode, "has no secrets yet" in done.stderr) == (1, True)
    assert not list(tmp_path.iterdir())
    kept = secrets.read_or_make(tmp_path)
    done = run("secrets", "rotate", "--data", str(tmp_path), REPRISE_JWT_SECRET="x" * 40)
    assert (done.returncode, "REPRISE_JWT_SECRET is set" in done.stderr) == (1, True)
    assert secrets.read(tmp_path) == kept


def test_what_rotating_keeps(tmp_path: Path) -> None:
    """The secrets before are the previous ones; a file that an earlier release wrote is read."""
    (tmp_path / secrets.FILE).write_text(
        json.dumps({"jwt_secret": "a" * 40, "stripe_webhook_secret": "whsec_" + "a" * 40})
    )
    now = secrets.rotate(tmp_path)
    assert now is not None
    assert (now.jwt_secret_previous, now.stripe_webhook_secret_previous) == ("a" * 40, "whsec_" + "a" * 40)
    again = secrets.rotate(tmp_path)
    assert again is not None
    assert again == secrets.read(tmp_path)
    assert again.jwt_secret_previous == now.jwt_secret
    assert len({again.jwt_secret, now.jwt_secret, "a" * 40}) == 3


def test_a_token_for_the_products_backend(tmp_path: Path) -> None:
    """It names its scope alone, and an id by which it can be revoked."""
    secrets.read_or_make(tmp_path)
    made = run("token", "--backend", "--sub", "shop", "--data", str(tmp_path))
    claims = jwt.decode(made.stdout.strip(), options={"verify_signature": False})
    assert (claims["scope"], claims["sub"], claims["accounts"]) == ("backend", "shop", [])
    assert re.fullmatch("[0-9a-f]{32}", claims["jti"])
