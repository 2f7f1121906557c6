"""The exit codes that people read about are those with which commands end."""

from reprise.cli.exit_codes import MEANINGS, ExitCode
from tests.docs.exit_codes import CLI, with_exit_codes


def test_the_table_is_written_from_the_code() -> None:
    """If this fails, an exit code has changed: run `make diagram`."""
    text = CLI.read_text()
    assert with_exit_codes(text) == text, "run `make diagram`"
    assert set(MEANINGS) == set(ExitCode)
