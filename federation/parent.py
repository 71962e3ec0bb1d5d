"""One node to report to: its name, its address and the credential it gave us."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sensor.schema.shape import known_name

BATCHES = "/api/v1/batches"
TASKS = "/api/v1/tasks"


class ParentRefused(ValueError):
    """This parent cannot be used as it was named; the message says what to change."""


@dataclass(frozen=True)
class Parent:
    """Raises ParentRefused where the token would travel readable: plain http is for loopback only."""

    name: str
    url: str
    """`https://host[:port]`, or `http://` to loopback"""
    token: str = field(repr=False)
    ca_file: Path | None = None
    """certificates to trust instead of the system's"""

    def __post_init__(self) -> None:
        if not known_name(self.name):
            raise ParentRefused(f"parent {self.name!r}: a name has 1 to 64 letters, digits, '.', '-', '_'")
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ParentRefused(f"parent {self.name}: {self.url!r} is not an address: {error}") from None
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
            raise ParentRefused(f"parent {self.name}: {self.url!r} must look like https://host:port")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ParentRefused(
                f"parent {self.name}: {self.url} would show the credential to the network; "
                f"use https:// (http:// is for 127.0.0.1 only)"
            )
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ParentRefused(f"parent {self.name}: the token is empty or has characters a token cannot have")

    @property
    def batches_url(self) -> str:
        return self.url.rstrip("/") + BATCHES

    @property
    def tasks_url(self) -> str:
        return self.url.rstrip("/") + TASKS

    def tls(self) -> ssl.SSLContext | bool:
        """How to check the parent's certificate; it always is checked."""
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            raise ParentRefused(f"parent {self.name}: {self.ca_file} is not a file of certificates ({error})") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
