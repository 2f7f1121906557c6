"""What HTTPS connections are verified with. Loading it takes 35 ms of a processor: it is done once for a process."""

import functools
import ssl

import httpx


@functools.cache
def certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Return the certificate authorities that are trusted, as httpx has them.

    Args:
        trust_env: Whether `SSL_CERT_FILE` or `SSL_CERT_DIR` may name others.
    """
    return httpx.create_ssl_context(trust_env=trust_env)
