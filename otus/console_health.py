"""What `otus console health` asks: a container engine does so every half minute."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

TIMEOUT_S = 5.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Who listens on every address is asked on this machine's own."""


def ask(host: str, port: int, certificate: Path | None) -> str:
    """What the console says of itself, in a line.

    Raises:
        RuntimeError: it does not answer as a console does.
    """
    host = ANYWHERE.get(host, host)
    address = f"[{host}]" if ":" in host else host
    url = f"{'https' if certificate else 'http'}://{address}:{port}/api/v1/health"
    try:
        verify = _only(certificate) if certificate else True
        answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False, verify=verify).raise_for_status().json()
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise RuntimeError(f"{url}: the console does not answer: {error}") from None
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        raise RuntimeError(f"{url}: what answers there is not a console")
    return f"{url}: up, version {answer.get('version')}"


def _only(certificate: Path) -> ssl.SSLContext:
    """Trust in this certificate alone. It names the host that others call, so the name is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context
