"""An issuer of tokens over real HTTP: its key set, and tokens that it has signed."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.api_side import Json

LATER = 9_999_999_999

WHO: Final = {"iss": "https://issuer.example.com", "aud": "reprise"}
"""Who issues tokens, and for whom."""


def trusting(jwks_url: str) -> Json:
    """Return the settings of an API that believes this issuer, and has no secret of its own."""
    return {"jwt_secret": None, "jwks_url": jwks_url, "jwt_issuer": WHO["iss"], "jwt_audience": WHO["aud"]}


def claims(**changes: Any) -> Json:
    """Return an operator's claims, changed; `None` leaves one out."""
    given = {"sub": "x", "scope": "operator", "exp": LATER, **changes}
    return {name: value for name, value in given.items() if value is not None}


def written(header: Any, payload: bytes | Json, signature: bytes = b"") -> str:
    """Return a token of parts that no library would make."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (head, body, signature))


class Issuer(ThreadingHTTPServer):
    """An issuer's key set over real HTTP, which can be down, slow or odd."""

    daemon_threads = True

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.document: bytes = json.dumps({"keys": [self.jwk("k1")]}).encode()
        self.code = 200
        self.asked = 0
        self.go_on = Event()
        self.go_on.set()
        super().__init__(("127.0.0.1", 0), _KeySet)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks.json"

    def jwk(self, kid: str, **changes: Any) -> Json:
        made = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**made, "kid": kid, "use": "sig", "alg": "RS256", **changes}

    def rotate(self, kid: str) -> None:
        """Publish another key in the place of all there were, and sign with it."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.publishes(self.jwk(kid))

    def publishes(self, *keys: Any) -> None:
        self.document = json.dumps({"keys": list(keys)}).encode()

    def token(self, kid: Any = "k1", header: Json | None = None, **changes: Any) -> str:
        issued = claims(**{**WHO, **changes})
        return jwt.encode(issued, self.key, "RS256", headers={"kid": kid, **(header or {})})

    def signed_over(self, header: Json) -> str:
        """Return a token whose signature is right and whose header no library would write."""
        signing = written({"alg": "RS256", **header}, claims(**WHO))
        signing = signing.removesuffix(".")
        signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(signing.encode(), self.key)
        return f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


class _KeySet(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.code)
        self.send_header("content-length", str(len(self.server.document)))
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.server.go_on.wait(20)
        self.wfile.write(self.server.document)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
