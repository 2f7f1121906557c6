"""`make stripe`: refuses what is no test key, tells which assumption holds, and leaves nothing behind."""

import os
import subprocess
import sys

import pytest

from tests.assumptions.account import WrongKeyError, settings_of_stripe
from tests.stripe_side import StripeSide


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "STRIPE" not in name}
    return subprocess.run(
        [sys.executable, "-m", "tests.assumptions", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**inherited, **environment, "COLUMNS": "200"},
    )


@pytest.mark.parametrize("key", ["", "sk_live_abcdefgh"])
def test_only_test_keys_are_taken(key: str) -> None:
    """2, and a sentence that says what to give; the key is not printed."""
    ended = run(STRIPE_API_KEY=key)
    assert ended.returncode == 2
    assert "sk_test_" in ended.stdout
    assert not key or key not in ended.stdout + ended.stderr


@pytest.mark.parametrize("key", ["rk_live_abcdefgh", "pk_test_abcdefgh"])
def test_no_other_kind_of_key_is_taken(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """A restricted live key, and one for browsers."""
    monkeypatch.setenv("STRIPE_API_KEY", key)
    with pytest.raises(WrongKeyError, match="sk_test_"):
        settings_of_stripe()


def test_the_table_says_what_holds_and_everything_is_cleared_away(stripe_side: StripeSide) -> None:
    """A peer that answers as Stripe should, where `make stripe` looks for Stripe; then one that does not."""
    there = stripe_side.dump("customers", "coupons")
    before, coupons = ({each["id"] for each in there[kind]} for kind in ("customers", "coupons"))
    where = {"STRIPE_API_KEY": "sk_test_assumptions", "REPRISE_STRIPE_URL": stripe_side.url}
    ended = run("-k", "void or coupon", **where)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "A void invoice gives" not in ended.stdout
    assert "Void is final" in ended.stdout
    assert "NO" not in ended.stdout
    dump = stripe_side.dump()
    made = [each for each in dump["customers"] if each["id"] not in before]
    assert made
    assert all(each["deleted"] for each in made)
    ours = {each["id"] for each in made}
    assert {each["status"] for each in dump["invoices"] if each["customer"] in ours} <= {"void", "paid"}
    assert {each["id"] for each in dump["coupons"]} <= coupons

    stripe_side.fault(path="/v1/invoices/[^/]+/void", status=500, times=None)
    ended = run("-k", "void_invoice_is_never_paid", **where)
    assert ended.returncode == 1
    assert "NO" in ended.stdout
    assert "0 of 1 assumptions hold." in ended.stdout
