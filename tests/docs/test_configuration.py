"""The settings that people read about are those that the processes read."""

import pytest

from tests.docs.configuration import CONFIGURATION, READERS, table, variable_of, with_settings


def test_the_table_is_written_from_the_settings() -> None:
    """If this fails, a setting has changed: run `make diagram`."""
    text = CONFIGURATION.read_text()
    assert with_settings(text) == text, "run `make diagram`"


@pytest.mark.parametrize("who", READERS)
def test_every_setting_says_what_it_is(who: str) -> None:
    """Each has a sentence, and a row that names its variable and its reader."""
    for name, field in READERS[who].model_fields.items():
        assert field.description, name
        row = next(line for line in table().splitlines() if f"`{variable_of(name, field)}`" in line)
        assert who in row.split("|")[2]


def test_without_its_markers_a_text_is_not_written_to() -> None:
    """The error says which are missing."""
    with pytest.raises(ValueError, match="markers <!-- settings"):
        with_settings("# Configuration")
