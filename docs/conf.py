"""How `make docs` builds the project's Markdown, strictly: every warning is an error, every link must lead somewhere.

The sources are read where they lie, README and ARCHITECTURE among them, so that the same links hold here and in a
repository's browser.
"""

from importlib.metadata import version as installed
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Reprise"
release = version = installed("reprise")
root_doc = "docs/index"
extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [path.name for path in Path(__file__).parents[1].glob(".*")]
nitpicky = True

myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Reprise {version}"
html_show_copyright = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Show charts as they are written: a repository's browser draws them, and no script is loaded from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
