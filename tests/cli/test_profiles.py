"""Profiles: kept in one file that only its owner can read; to which API a command speaks."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from reprise.cli.connection import Connection, connection
from reprise.cli.errors import CliError
from reprise.cli.main import app


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person who has configured nothing, in an empty directory."""
    for name in ("REPRISE_URL", "REPRISE_TOKEN", "REPRISE_PROFILE", "REPRISE_JWT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "configuration" / "profiles.toml"
    monkeypatch.setenv("REPRISE_CONFIG_FILE", str(path))
    return path


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=said)


def test_a_profile_is_kept_shown_and_deleted(file: Path) -> None:
    """Its token is never shown; it is read from stdin, where no list of processes shows it."""
    assert (
        run(
            "profile", "set", "production", "--url", "https://billing.example.com/", "--token", "-", said="secret\n"
        ).exit_code
        == 0
    )
    assert run("profile", "set", "staging", "--url", "https://staging.example.com").exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = run("profile", "list", "--json")
    assert json.loads(listed.stdout) == {
        "production": {"url": "https://billing.example.com", "token": "********"},
        "staging": {"url": "https://staging.example.com", "token": None},
    }
    assert "secret" not in listed.output + run("profile", "list").output + run("profile", "show", "production").output
    assert connection(profile="production") == Connection("https://billing.example.com", "secret")
    assert run("profile", "delete", "staging").exit_code == 0
    gone = run("profile", "show", "staging")
    assert gone.exit_code == 2
    assert "There is no profile 'staging'" in gone.stderr
    assert "production" in gone.stderr


def test_tokens_that_others_can_read_are_refused(file: Path) -> None:
    """The sentence says how to close the file; one without tokens is nobody's secret."""
    run("profile", "set", "a", "--url", "https://a.example.com")
    file.chmod(0o644)
    assert connection(profile="a").token is None
    run("profile", "set", "a", "--url", "https://a.example.com", "--token", "secret")
    file.chmod(0o640)
    said = run("account", "show", "shop-1", "--profile", "a")
    assert said.exit_code == 2
    assert f"chmod 600 {file}" in said.stderr
    assert "secret" not in said.output


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[profile.a", "cannot be read as profiles"),
        ("[profile.a]\ntoken = 'x'", "profile 'a' has no url"),
        ("[profile.a]\nurl = 'http://a'\ntokn = 'x'", "'tokn' of profile 'a'"),
        ("[profile.a]\nurl = 'http://a'\ntoken = 7", "'token' of profile 'a'"),
        ("[profiles.a]\nurl = 'http://a'", "'profiles' is no table of profiles"),
        ("url = 'http://a'", "'url' is no table of profiles"),
        (b"\xff\xfe", "cannot be read as profiles"),
    ],
)
def test_a_file_that_is_wrong_is_said_to_be(file: Path, content: "str | bytes", why: str) -> None:
    """With the place; nothing is taken from it."""
    file.parent.mkdir()
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(0o600)
    said = run("profile", "list")
    assert said.exit_code == 2
    assert why in said.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("a b", "--url", "https://a.example.com"),
        ("a", "--url", "a.example.com"),
        ("a", "--url", "https://a.example.com", "--token", "two words"),
        ("a", "--url", 'https://a.example.com/"\nx'),
    ],
)
def test_what_cannot_be_kept_is_refused(file: Path, wrong: tuple[str, ...]) -> None:
    """Before anything is written."""
    assert run("profile", "set", *wrong).exit_code == 2
    assert not file.exists()


def test_what_is_named_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags, a named profile, the environment, a profile named there, `default`."""
    run("profile", "set", "default", "--url", "https://default.example.com", "--token", "of-default")
    run("profile", "set", "other", "--url", "https://other.example.com", "--token", "of-other")
    assert connection() == Connection("https://default.example.com", "of-default")
    monkeypatch.setenv("REPRISE_PROFILE", "other")
    assert connection() == Connection("https://other.example.com", "of-other")
    monkeypatch.setenv("REPRISE_URL", "https://env.example.com")
    monkeypatch.setenv("REPRISE_TOKEN", "of-env")
    assert connection() == Connection("https://env.example.com", "of-env")
    assert connection(profile="default") == Connection("https://default.example.com", "of-default")
    assert connection(url="https://flag.example.com", token="of-flag") == Connection(
        "https://flag.example.com", "of-flag"
    )
    assert connection(token="of-flag").token == "of-flag"


def test_a_token_goes_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile's is never sent to another URL, nor the environment's to a profile's."""
    run("profile", "set", "default", "--url", "https://default.example.com", "--token", "of-default")
    run("profile", "set", "open", "--url", "https://open.example.com")
    assert connection(url="https://flag.example.com").token is None
    monkeypatch.setenv("REPRISE_TOKEN", "of-env")
    assert connection().token == "of-default"
    assert connection(profile="open").token is None
    assert connection(url="https://flag.example.com").token == "of-env"


def test_with_nothing_configured_it_says_what_to_do() -> None:
    """And as JSON, for programs."""
    with pytest.raises(CliError, match="start `reprise dev`"):
        connection()
    said = run("account", "show", "shop-1", "--json")
    assert (said.exit_code, said.stdout) == (2, "")
    assert json.loads(said.stderr)["code"] == "not_configured"


def test_the_file_stands_where_configuration_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As other programs have it (XDG)."""
    monkeypatch.delenv("REPRISE_CONFIG_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    run("profile", "set", "a", "--url", "https://a.example.com")
    assert (tmp_path / "xdg" / "reprise" / "profiles.toml").exists()
