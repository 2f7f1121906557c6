"""The data directory: one system at a time, found by other commands while it runs, and its secrets."""

import stat
from pathlib import Path

import pytest

from reprise.local import directory, secrets
from reprise.local.directory import Addresses
from reprise.local.errors import LocalError

ADDRESSES = Addresses("http://a", "t:1", "http://u", "http://s", has_sandbox=True)


def test_a_running_system_is_found_until_it_ends(tmp_path: Path) -> None:
    """Whoever reads the directory sees it, and no longer."""
    data = tmp_path / "data"
    assert directory.find_running(data) is None
    with directory.held(data):
        assert directory.find_running(data) is None, "it is starting"
        directory.announce(data, ADDRESSES)
        assert directory.find_running(data) == ADDRESSES
        with pytest.raises(LocalError, match="is in use by process"), directory.held(data):
            pass
    assert directory.find_running(data) is None


def test_what_a_killed_system_left_behind_is_not_believed(tmp_path: Path) -> None:
    """The kernel has let go of its lock."""
    with directory.held(tmp_path):
        pass
    directory.announce(tmp_path, ADDRESSES)
    assert directory.find_running(tmp_path) is None


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    """They survive restarts, and nobody else can read them."""
    made = secrets.read_or_make(tmp_path)
    assert secrets.read_or_make(tmp_path) == made
    assert len(made.jwt_secret) >= 32
    assert made.stripe_webhook_secret.startswith("whsec_")
    assert stat.S_IMODE((tmp_path / secrets.FILE).stat().st_mode) == 0o600


def test_the_environments_secret_goes_before_the_kept_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every other setting."""
    monkeypatch.delenv("REPRISE_JWT_SECRET", raising=False)
    assert secrets.jwt_secret(tmp_path) is None
    kept = secrets.read_or_make(tmp_path)
    assert secrets.jwt_secret(tmp_path) == kept.jwt_secret
    monkeypatch.setenv("REPRISE_JWT_SECRET", "x" * 32)
    assert secrets.jwt_secret(tmp_path) == "x" * 32
