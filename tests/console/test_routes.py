"""Every route of every tier: a login unless it is public, headers, no form without its token, the same as JSON."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from console.auth import OWN_CREDENTIAL, PUBLIC
from tests.console import sample
from tests.console.conftest import MakeConsole, log_in

ID = sample.record_id("value")
ASSET = f"/assets/sensor-1/{sample.record_id(f'asset {sample.HMI}')}"
PAGES = [
    "/",
    "/incidents",
    f"/incidents/sensor-1/{ID}",
    "/assets",
    ASSET,
    "/links",
    "/baseline",
    "/stories",
    f"/stories/sensor-1/{sample.STORY}",
    "/suppressions",
    "/detection",
    "/notices",
    "/notices/new",
    "/sensors",
    "/children",
    "/preview",
    "/refused",
]


def path_of(rule: Rule) -> str:
    path = str(rule)
    for part, value in {
        "<origin>": "sensor-1",
        "<record_id>": ID,
        "<language>": "en",
        "<suppression_id>": ID,
        "<path:filename>": "otus.css",
    }.items():
        path = path.replace(part, value)
    assert "<" not in path, "a new parameter: give it a value here"
    return path


def methods_of(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"GET", "POST", "PUT", "DELETE", "PATCH"})


def test_every_route_wants_a_login_unless_public(app: Flask) -> None:
    stranger, seen = app.test_client(), 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or rule.endpoint.split(".")[0] in OWN_CREDENTIAL:
            continue
        for method in methods_of(rule):
            app.config["WTF_CSRF_ENABLED"] = False  # the login alone must hold
            answer = stranger.open(path_of(rule), method=method)
            as_json = path_of(rule).endswith(".json") or path_of(rule).startswith("/api/")
            assert answer.status_code == (401 if as_json else 302), (method, rule)
            if not as_json:
                assert answer.headers["Location"].startswith("/login"), rule
            seen += 1
    assert seen >= 20


def test_public_list_is_short_and_real(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints >= PUBLIC
    assert len(PUBLIC) <= 6


def test_children_have_a_credential_of_their_own(app: Flask) -> None:
    """The way in for records is neither open nor behind the login, and has no form token."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in OWN_CREDENTIAL]
    assert [str(rule) for rule in rules] == ["/api/v1/batches", "/api/v1/tasks"]
    client = app.test_client()
    for answer in (
        client.post("/api/v1/batches", json={"schema": "1.0", "records": []}),
        client.get("/api/v1/tasks?after=0"),
    ):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_no_page_says_whether_it_exists_to_a_stranger(app: Flask) -> None:
    assert app.test_client().get("/no-such-page").status_code == 302


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_writing_needs_the_form_token(app: Flask, method: str) -> None:
    client, seen = log_in(app), 0
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()) and rule.endpoint.split(".")[0] not in OWN_CREDENTIAL:
            answer = client.open(path_of(rule), method=method, data={"after": "confirmed"})
            assert answer.status_code == 400, rule
            assert "页面已过期" in answer.get_data(as_text=True)
            seen += 1
    assert seen == (17 if method == "POST" else 0), "a new way to write: is it meant?"


@pytest.mark.parametrize("path", [*PAGES, "/login", "/account", "/api/v1/health", "/static/otus.css", "/no-such-page"])
def test_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    expected = "private, max-age=3600" if path.startswith("/static") else "no-store"
    assert answer.headers["Cache-Control"] == expected


def test_session_cookie(app: Flask) -> None:
    client = log_in(app)
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    assert cookie.http_only and cookie.same_site == "Lax"


def test_consoles_on_one_host_keep_their_sessions_apart(make_console: MakeConsole) -> None:
    """Cookies do not know ports."""
    names = {make_console(tier).config["SESSION_COOKIE_NAME"] for tier in ("enterprise", "province", "ministry")}
    assert len(names) == 3


def test_health_is_public_and_says_nothing_more(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/health")
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"ok", "version"}
    assert answer.get_json()["ok"] is True


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_its_figures(client: FlaskClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200 and page.mimetype == "text/html"
    twin = client.get("/overview.json" if path == "/" else path + ".json")
    assert twin.status_code == 200 and twin.mimetype == "application/json"
    assert json.loads(twin.data) == client.get(path, query_string={"format": "json"}).get_json()
    assert twin.get_json()


@pytest.mark.parametrize("tier", ["enterprise", "province", "ministry"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("filled", [True, False])
def test_every_page_of_every_tier(make_console: MakeConsole, tier: str, language: str, filled: bool) -> None:
    via = {"enterprise": "sensor-1", "province": "shili", "ministry": "gd"}[tier]
    client = log_in(make_console(tier, sample.plant() if filled else [], via=via), language=language)
    for path in [*(PAGES if filled else [page for page in PAGES if "sensor-1" not in page]), "/account"]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = answer.get_data(as_text=True)
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in text
        assert text.count("<h1") == 1, path


@pytest.mark.parametrize("path", ["/incidents/sensor-1/" + "0" * 32, "/incidents/nobody/x", "/no-such-page"])
def test_what_is_not_there_says_what_to_do(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "没有这一页" in answer.get_data(as_text=True)
    assert client.get(path + ".json").get_json() == {"error": "http_404"}


def test_an_unexpected_error_is_a_page_and_no_traceback(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(type(app.extensions["otus"].store), "assets", broken)
    answer = client.get("/assets")
    assert answer.status_code == 500
    assert "系统内部出错" in answer.get_data(as_text=True)
    assert "secret" not in answer.get_data(as_text=True) and "secret inside" in caplog.text


def test_a_store_that_fails_is_said_so(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.store import StoreError

    def full(*args: object, **more: object) -> None:
        raise StoreError("disk is full")

    monkeypatch.setattr(type(app.extensions["otus"].store), "assets", full)
    answer = client.get("/assets")
    assert answer.status_code == 503
    assert "磁盘已满" in answer.get_data(as_text=True)
