"""Logging in and out, limits, language, time-outs, the account page."""

from __future__ import annotations

import logging
import time
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import URL

from console import address_limit
from console.address_limit import AddressLimit
from console.auth import BACKGROUND_HEADER, safe_next
from console.registry import Registry, RegistryUnreachable, open_registry
from console.registry.tables import address_attempt
from console.sessions import Sessions
from console.state import state
from console.users import Users
from tests.console.conftest import PASSWORD, MakeConsole, log_in, token_of


def test_login_page_and_wrong_password(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/login").get_data(as_text=True)
    assert "示例电器有限公司" in page and "口令" in page
    answer = client.post("/login", data={"name": "wang", "password": "x", "csrf_token": token_of(client)})
    assert answer.status_code == 401
    assert "账号或口令不对" in answer.get_data(as_text=True)
    assert client.get("/").status_code == 302


def test_unknown_name_and_wrong_password_look_alike(app: Flask) -> None:
    pages = []
    for name in ("wang", "nobody"):
        client = app.test_client()
        answer = client.post("/login", data={"name": name, "password": "x", "csrf_token": token_of(client)})
        text = answer.get_data(as_text=True).replace(name, "NAME")
        pages.append((answer.status_code, text.partition("<form")[0]))
    assert pages[0] == pages[1]


def test_guessing_locks(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    client = app.test_client()
    token = token_of(client)
    with caplog.at_level(logging.WARNING):
        answers = [
            client.post("/login", data={"name": "wang", "password": "guess", "csrf_token": token}) for _ in range(5)
        ]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert "账号已锁定" in answers[-1].get_data(as_text=True)
    assert "guess" not in caplog.text, "a mistyped password is nearly the right one: it is not logged"
    right = client.post("/login", data={"name": "wang", "password": PASSWORD, "csrf_token": token})
    assert right.status_code == 401


def test_one_address_may_not_try_for_ever(app: Flask) -> None:
    app.extensions["otus_address_limit"] = AddressLimit(state(app).registry, most=3, window_s=300)
    client = app.test_client()
    token = token_of(client)
    answers = [
        client.post("/login", data={"name": f"n{n}", "password": "x", "csrf_token": token}).status_code
        for n in range(5)
    ]
    assert answers == [401, 401, 401, 429, 429]


def test_address_limit_forgets(registry: Registry, registry_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_limit, "MAX_ADDRESSES", 10)
    at_once = AddressLimit(registry, most=1, window_s=0)
    assert at_once.allows("a") and at_once.allows("a")
    strict = AddressLimit(registry, most=2, window_s=100)
    with closing(open_registry(registry_url)) as same:
        other = AddressLimit(same, most=2, window_s=100)  # as another process has it
        assert strict.allows("a") and not other.allows("a") and not strict.allows("a")
    with registry.transaction() as connection:
        connection.execute(address_attempt.update().values(since_s=address_attempt.c.since_s - 50))
    assert all(strict.allows(f"b{n}") for n in range(10))
    assert strict.allows("a"), "the oldest address was forgotten: the table is bounded"
    with registry.transaction() as connection:
        connection.execute(address_attempt.update().values(since_s=address_attempt.c.since_s - 50, attempts=99))
    assert not strict.allows("b9")
    with registry.transaction() as connection:
        connection.execute(address_attempt.update().values(since_s=address_attempt.c.since_s - 50))
    assert strict.allows("b9"), "its time is over"


def test_login_begins_a_new_session_and_logout_ends_it(app: Flask) -> None:
    client = app.test_client()
    token = token_of(client)
    with client.session_transaction() as session:
        session["planted"] = "by a stranger"
    client.post("/login", data={"name": "wang", "password": PASSWORD, "csrf_token": token})
    with client.session_transaction() as session:
        assert "planted" not in session
    assert client.get("/").status_code == 200
    assert client.post("/logout", data={"csrf_token": token_of(client, "/")}).status_code == 303
    assert client.get("/").status_code == 302


def test_a_copied_cookie_ends_with_the_session(app: Flask) -> None:
    client, thief = log_in(app), app.test_client()
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    thief.set_cookie(name, cookie.value)
    assert thief.get("/").status_code == 200
    client.post("/logout", data={"csrf_token": token_of(client, "/")})
    assert thief.get("/").status_code == 302


def test_logging_in_again_ends_the_session_before(app: Flask) -> None:
    client, copy = log_in(app), app.test_client()
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    copy.set_cookie(name, cookie.value)
    form = {"name": "wang", "password": PASSWORD, "csrf_token": token_of(client, "/account")}
    assert client.post("/login", data=form).status_code == 303
    assert client.get("/").status_code == 200
    assert copy.get("/").status_code == 302


def test_an_administrator_ends_every_session_of_an_account(app: Flask) -> None:
    one, two, other = log_in(app), log_in(app), log_in(app, "li")
    assert app.extensions["otus"].sessions.end_all("wang") == 2
    assert [client.get("/").status_code for client in (one, two, other)] == [302, 302, 200]


@pytest.mark.parametrize(("path", "status"), [("/", 503), ("/incidents.json", 503), ("/login", 200), ("/none", 503)])
def test_without_the_registry_nobody_is_logged_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    client = log_in(app)

    def fail(*_: object, **__: object) -> None:
        raise RegistryUnreachable("registry postgresql://h/db: no connection")

    with monkeypatch.context() as away:
        away.setattr(Sessions, "find", fail)
        answer = client.get(path)
        assert answer.status_code == status
        text = answer.get_data(as_text=True)
        assert "Traceback" not in text and "postgresql" not in text
        if path == "/":
            assert "账号与会话数据库暂时不可用" in text
        if path.endswith(".json"):
            assert answer.get_json() == {"error": "registry"}
    assert client.get("/").status_code == 200


def test_logging_in_without_the_registry_says_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RegistryUnreachable("no connection")

    monkeypatch.setattr(Users, "check", fail)
    client = app.test_client()
    answer = client.post("/login", data={"name": "wang", "password": PASSWORD, "csrf_token": token_of(client)})
    assert answer.status_code == 503 and "无需重新登录" in answer.get_data(as_text=True)


def test_an_old_cookie_is_worth_nothing_after_a_new_password(app: Flask) -> None:
    client = log_in(app)
    app.extensions["otus"].users.set_password("wang", "Another-Horse-8")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("target", "goes"),
    [
        ("/incidents?level=high", "/incidents?level=high"),
        ("", "/"),
        (None, "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/x\\..\\evil", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
    ],
)
def test_where_a_login_leads(app: Flask, target: str | None, goes: str) -> None:
    with app.test_request_context("/"):
        assert safe_next(target) == goes


def test_login_comes_back_to_the_page_that_was_asked_for(app: Flask) -> None:
    client = app.test_client()
    location = client.get("/incidents?level=high").headers["Location"]
    assert location == "/login?next=/incidents?level%3Dhigh"
    page = client.get(location).get_data(as_text=True)
    assert 'name="next" value="/incidents?level=high"' in page


def test_idle_sessions_end_and_refreshing_pages_keep_none_alive(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, start_s = log_in(app), int(time.time())
    clock = {"s": start_s}
    monkeypatch.setattr(time, "time", lambda: clock["s"])
    for minutes in (20, 40, 60):
        clock["s"] = start_s + minutes * 60
        assert client.get("/").status_code == 200, "clicks keep it alive"
    for minutes in (75, 85):
        clock["s"] = start_s + minutes * 60
        assert client.get("/", headers={BACKGROUND_HEADER: "1"}).status_code == 200
    clock["s"] = start_s + 91 * 60
    ended = client.get("/", headers={BACKGROUND_HEADER: "1", "HX-Request": "true"})
    assert ended.status_code == 401
    assert ended.headers["HX-Redirect"].startswith("/login")


def test_sessions_end_after_a_shift(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, start_s = log_in(app), int(time.time())
    clock = {"s": start_s}
    monkeypatch.setattr(time, "time", lambda: clock["s"])
    for hours in range(0, 48):
        clock["s"] = start_s + hours * 900
        assert client.get("/").status_code == 200
    clock["s"] = start_s + 12 * 3600 + 1
    assert client.get("/").status_code == 302


def test_language_is_kept(app: Flask) -> None:
    client = app.test_client()
    token = token_of(client)
    assert "登录" in client.get("/login").get_data(as_text=True)
    answer = client.post("/language/en", data={"next": "/login?next=/assets", "csrf_token": token})
    assert answer.headers["Location"] == "/login?next=/assets"
    assert "Password" in client.get("/login").get_data(as_text=True)
    assert client.post("/language/fr", data={"csrf_token": token}).status_code == 404
    client.set_cookie("otus_language", "<script>")
    assert "登录" in client.get("/login").get_data(as_text=True)


def test_a_viewer_looks_and_does_not_decide(app: Flask) -> None:
    from tests.console import sample

    path = f"/incidents/sensor-1/{sample.record_id('value')}"
    viewer = log_in(app, "li")
    page = viewer.get(path).get_data(as_text=True)
    assert "您的账号只能查看" in page and 'name="after"' not in page
    token = token_of(viewer, path)
    assert viewer.post(path + "/workflow", data={"after": "confirmed", "csrf_token": token}).status_code == 403


def test_change_password(make_console: MakeConsole) -> None:
    app = make_console()
    client, other = log_in(app), log_in(app)
    page = client.get("/account").get_data(as_text=True)
    assert "wang" in page and "安全分析员" in page

    def change(old: str, new: str, again: str) -> tuple[int, str]:
        data = {"old": old, "new": new, "again": again, "csrf_token": token_of(client, "/account")}
        answer = client.post("/account/password", data=data)
        return answer.status_code, answer.get_data(as_text=True)

    assert "两次输入的新口令不一样" in change(PASSWORD, "New-Horse-77", "New-Horse-78")[1]
    assert "现在的口令不对" in change("wrong", "New-Horse-77", "New-Horse-77")[1]
    assert "至少要有 10 个字符" in change(PASSWORD, "x", "x")[1]
    assert change(PASSWORD, "New-Horse-77", "New-Horse-77")[0] == 303
    assert "口令已修改" in client.get("/account?done=1").get_data(as_text=True)
    assert other.get("/").status_code == 302, "sessions elsewhere end"
    log_in(app, password="New-Horse-77")
