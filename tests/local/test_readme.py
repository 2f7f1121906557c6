"""The README's chart is the state machine's own."""

from pathlib import Path

import pytest

from reprise.local.diagram import diagram, with_diagram

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_chart_as_it_is() -> None:
    """If this fails, the chart has changed: run `make diagram`."""
    text = README.read_text()
    assert diagram() in text
    assert with_diagram(text) == text


def test_without_its_markers_the_chart_has_no_place() -> None:
    """A README that lost them is not written to."""
    with pytest.raises(ValueError, match="markers"):
        with_diagram("# Reprise")
