"""The real server with security on: TLS, and API keys with the privileges `docs/elasticsearch.md` tells to give."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from elasticsearch import Elasticsearch

from testbed.elasticsearch import ElasticsearchServer
from tests.captures import ROOT
from tests.elasticsearch_analysis import with_mail_analysis

ADMIN = "admin"
PASSWORD = secrets.token_urlsafe(12)
ROUNDS = 10_000


@dataclass(frozen=True)
class Key:
    id: str
    encoded: str
    """what a console is given"""


class SecuredServer(ElasticsearchServer):
    def __init__(self) -> None:
        super().__init__(brief=True)
        self._home = with_mail_analysis(self._home, self.folder / "home")

    def security(self, config: Path) -> dict[str, object]:
        self.url = self.url.replace("http://", "https://")
        self.certificate = config / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=otus-test",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", config / "key.pem", "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        (config / "users_roles").write_text(f"superuser:{ADMIN}\n")
        (config / "users").write_text(f"{ADMIN}:{_hashed(PASSWORD)}\n")
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

    def client(self) -> Elasticsearch:
        return Elasticsearch(self.url, basic_auth=(ADMIN, PASSWORD), ca_certs=str(self.certificate), request_timeout=30)

    def answers(self) -> bool:
        try:
            with self.admin() as admin:
                return admin.get("/_cluster/health").status_code == 200
        except httpx.HTTPError:
            return False

    def make_key(self, role: Mapping[str, Any], **more: str) -> Key:
        """`more` as Elasticsearch takes it: `expiration="2s"`."""
        asked = {"name": "otus", "role_descriptors": {"otus": role}, **more}
        with self.admin() as admin:
            made = admin.post("/_security/api_key", json=asked)
        assert made.status_code == 200, made.text
        return Key(made.json()["id"], made.json()["encoded"])

    def key_file(self, path: Path, role: Mapping[str, Any]) -> Path:
        """A file that holds a new key, as an operator makes it."""
        path.write_text(f"{self.make_key(role).encoded}\n", encoding="ascii")
        return path

    def change(self, key: Key, role: Mapping[str, Any]) -> None:
        """What a key may do from now on."""
        with self.admin() as admin:
            done = admin.put(f"/_security/api_key/{key.id}", json={"role_descriptors": {"otus": role}})
        assert done.json() == {"updated": True}, done.text

    def invalidate(self, key: Key) -> None:
        with self.admin() as admin:
            gone = admin.request("DELETE", "/_security/api_key", json={"ids": [key.id]})
        assert gone.json()["invalidated_api_keys"] == [key.id], gone.text


def documented(prefix: str) -> dict[str, Any]:
    """The privileges that the page for operators tells to give."""
    page = (ROOT / "docs" / "elasticsearch.md").read_text(encoding="utf-8")
    found = re.search(r"POST /_security/api_key\n(.*?)```", page, re.DOTALL)
    assert found is not None
    role: dict[str, Any] = json.loads(found[1].replace("otus-*", f"{prefix}-*"))["role_descriptors"]["otus"]
    return role


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, 32)
    return "$".join([f"{{PBKDF2}}{ROUNDS}", *(base64.b64encode(part).decode() for part in (salt, digest))])
