"""The real server with security on: TLS, and users with the privileges that `docs/elasticsearch.md` tells to give.

API keys stand in an index whose analysis this small distribution lacks; a user of a file with the same privileges is
checked by the same code.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from testbed.elasticsearch import ElasticsearchServer
from tests.captures import ROOT
from tests.console.store.elastic.cluster import until

ADMIN, OTUS = "admin", "otus"
PASSWORD = secrets.token_urlsafe(12)
ROUNDS = 10_000


class SecuredServer(ElasticsearchServer):
    """`roles`: user → privileges, as an API key has them."""

    def __init__(self, roles: Mapping[str, dict[str, Any]]) -> None:
        self._roles = {name: {"cluster": role["cluster"], "indices": role["indices"]} for name, role in roles.items()}
        self._passwords = dict.fromkeys((ADMIN, *roles), PASSWORD)
        super().__init__(brief=True)

    def security(self, config: Path) -> dict[str, object]:
        self.url = self.url.replace("http://", "https://")
        self.certificate = config / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=otus-test",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", config / "key.pem", "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        (config / "roles.yml").write_text(json.dumps(self._roles))
        (config / "users_roles").write_text(
            "".join(
                f"{role}:{user}\n" for role, user in [("superuser", ADMIN), *((name, name) for name in self._roles)]
            )
        )
        self._users = config / "users"
        self._write_users()
        return {
            "xpack.security.enabled": "true",
            "xpack.security.autoconfiguration.enabled": "false",
            "xpack.security.http.ssl.enabled": "true",
            "xpack.security.http.ssl.key": config / "key.pem",
            "xpack.security.http.ssl.certificate": self.certificate,
        }

    def admin(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, auth=(ADMIN, PASSWORD), timeout=30, trust_env=False,
            verify=ssl.create_default_context(cafile=str(self.certificate)),
        )  # fmt: skip

    def answers(self) -> bool:
        try:
            with self.admin() as admin:
                return admin.get("/_cluster/health").status_code == 200
        except httpx.HTTPError:
            return False

    def address(self, user: str = OTUS) -> str:
        return self.url.replace("//", f"//{user}:{PASSWORD}@")

    def let_in(self, user: str, yes: bool) -> None:
        """Whether a user's password goes on being right; the server looks at the file every few seconds."""
        self._passwords[user] = PASSWORD if yes else secrets.token_urlsafe(12)
        self._write_users()
        with self.admin() as admin:
            until(lambda: (admin.get("/_cluster/health", auth=(user, PASSWORD)).status_code != 401) == yes, 30)

    def _write_users(self) -> None:
        draft = self._users.with_name("draft")
        draft.write_text("".join(f"{user}:{_hashed(password)}\n" for user, password in self._passwords.items()))
        draft.replace(self._users)
        self._users.chmod(0o644)


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, 32)
    return "$".join([f"{{PBKDF2}}{ROUNDS}", *(base64.b64encode(part).decode() for part in (salt, digest))])


def documented(prefix: str) -> dict[str, Any]:
    """The privileges that the page for operators tells to give."""
    page = (ROOT / "docs" / "elasticsearch.md").read_text(encoding="utf-8")
    found = re.search(r"POST /_security/api_key\n(.*?)```", page, re.DOTALL)
    assert found is not None
    role: dict[str, Any] = json.loads(found[1].replace("otus-*", f"{prefix}-*"))["role_descriptors"]["otus"]
    return role
