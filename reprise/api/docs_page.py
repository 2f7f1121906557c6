"""`/docs`: the reference to try out, from our own assets, framed by nobody.

`assets/` holds Swagger UI as it is published (swagger-ui-dist 5.35.0, Apache-2.0; `assets/swagger-ui.toml` has where
from and the hashes), so that the page runs no script of another host's.
"""

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

ASSETS: Final = Path(__file__).parent / "assets"

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Reprise: reference</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
  <script src="/docs/assets/swagger-ui-bundle.js" defer></script>
  <script src="/docs/assets/reference.js" defer></script>
</head>
<body><main id="reference"></main></body>
</html>
"""


class _Assets(StaticFiles):
    """Files that browsers keep, and ask about."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def install(app: FastAPI) -> None:
    """Serve the page."""

    async def docs() -> HTMLResponse:
        return HTMLResponse(PAGE, headers=HEADERS)

    app.add_api_route("/docs", docs, include_in_schema=False)
    app.mount("/docs/assets", _Assets(directory=ASSETS))
