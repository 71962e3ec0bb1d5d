"""compose.tiers.yml as a whole: the steps of docker/README.md, and what a plant's sensor sees is at the ministry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from testbed.elasticsearch import distribution
from tests import postgresql
from tests.captures import ROOT
from tests.elasticsearch_analysis import with_mail_analysis
from tests.elasticsearch_server import missing
from tests.shipping.composed import Composed

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
TIERS, PLANT = ["compose.tiers.yml"], ["compose.plant.yml"]
BOTH = [*TIERS, *PLANT]
SCAN = ROOT / "pcaps/modbus/function_code_scan.pcap"
TOLD = "设备拒绝不支持的 Modbus 功能码"
PASSWORD = "Owls-2026-hear"

INVALIDATE = """
curl -sS --cacert config/secrets/ca.pem -u "elastic:$(< config/secrets/elastic.password)" -X DELETE \\
  -H "Content-Type: application/json" -d '{"ids": ["'$1'"]}' https://elasticsearch:9200/_security/api_key
"""
BROWSER = """
import re, ssl, sys
import httpx
with httpx.Client(
    base_url="https://localhost:8443", verify=ssl.create_default_context(cafile="/run/secrets/ca.pem"), trust_env=False,
    timeout=60, follow_redirects=True,
) as browser:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/login").text)[1]
    browser.headers["referer"] = "https://localhost:8443/login"  # as a browser says, and is asked for over TLS
    entered = browser.post("/login", data={"csrf_token": token, "name": "wang", "password": sys.argv[1]})
    assert (entered.status_code, entered.url.path) == (200, "/"), entered.text
    for path in sys.argv[2:]:
        page = browser.get(path)
        assert page.status_code == 200, (path, page.text)
        print(page.text)
"""


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Its networks stand, its secrets are made; nothing runs."""
    lacking = [
        name for name in ("openssl", "unshare", "setpriv", "nsenter", "ip", "curl") if shutil.which(name) is None
    ]
    if os.geteuid() != 0 or lacking or missing() or postgresql.BINARIES is None:
        pytest.skip(f"the three tiers need root, PostgreSQL, {missing() or 'Java'} {' '.join(lacking)}")
    if ROOT.is_relative_to("/tmp"):
        pytest.skip("each container has a /tmp of its own, which hides this folder: run it from elsewhere")
    folder = tmp_path_factory.mktemp("tiers")
    docker = folder / "docker"
    shutil.copytree(ROOT / "docker", docker, ignore=shutil.ignore_patterns("secrets", ".env"))
    subprocess.run([docker / "prepare"], check=True, timeout=60)
    made = Composed(folder, docker)
    home = with_mail_analysis(distribution(), folder / "elasticsearch")
    for name in ("config", "logs"):  # the server's own; all else stays as it was delivered
        (home / name).mkdir(exist_ok=True)
        os.chown(home / name, 1000, 0)
    (home / "config/elasticsearch.yml").unlink(missing_ok=True)
    try:
        made.build("compose.tiers.yml")
        yield made
    finally:
        made.down()


def browse(tiers: Composed, tier: str, *paths: str) -> str:
    program = [sys.executable, "-c", BROWSER, PASSWORD, *paths]
    ran = tiers.run(tier, program, TIERS)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_from_nothing_to_the_ministrys_page(tiers: Composed) -> None:
    for server in ("elasticsearch", "postgresql"):
        tiers.up(server, TIERS)
    for tier, prefix in (("ministry", "miit"), ("province", "gd")):
        made = tiers.script("key-of-store", tier, prefix)
        assert made.returncode == 0, made.stderr
        assert re.fullmatch(r"[\w-]{20}:[\w-]{22}", tiers.key(tier)), "an identifier and a secret"
    for parent, child in (("ministry", "gd"), ("province", "plant-1")):
        enrolled = tiers.script("enrol", "compose.tiers.yml", parent, child, "console")
        assert enrolled.returncode == 0, enrolled.stderr
    for tier in ("ministry", "province", "enterprise"):
        tiers.up(tier, TIERS)
        added = tiers.otus(
            tier, ["console", "user", "add", "wang", "--role", "admin"], TIERS, OTUS_NEW_PASSWORD=PASSWORD
        )
        assert added.returncode == 0, added.stderr

    enrolled = tiers.script("enrol", "compose.plant.yml", "enterprise", "sensor-1", "sensor")
    assert enrolled.returncode == 0, enrolled.stderr
    replay = ["sensor", "replay", str(SCAN), "--config", "/etc/otus/sensor.yml"]
    # The sensor has the host's network, where the enterprise's port is published.
    sent = tiers.otus("sensor", replay, PLANT, space="enterprise", OTUS_INTERFACES="eth1")
    assert sent.returncode == 0, sent.stderr

    assert TOLD in browse(tiers, "enterprise", "/incidents")
    for tier in ("province", "ministry"):
        end = time.monotonic() + 120
        while TOLD not in (page := browse(tiers, tier, "/", "/incidents")):
            assert time.monotonic() < end, f"{tier}: {page}\n{tiers.said('enterprise')}\n{tiers.said('province')}"
            time.sleep(1)

    old = tiers.key("ministry")
    made = tiers.script("key-of-store", "ministry", "miit")
    assert made.returncode == 0 and tiers.key("ministry") != old, made.stderr
    gone = tiers.run("elasticsearch", ["bash", "-c", INVALIDATE, "bash", old.partition(":")[0]], TIERS)
    assert '"error_count":0' in gone.stdout and old.partition(":")[0] in gone.stdout, gone
    assert TOLD in browse(tiers, "ministry", "/", "/incidents"), "with the new key, without a restart"
    for tier in ("enterprise", "province", "ministry"):
        assert "Traceback" not in tiers.said(tier)
