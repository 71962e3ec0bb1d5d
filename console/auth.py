"""Who may see anything: every route needs a login unless it stands in `PUBLIC`."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, g, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from console.address_limit import AddressLimit
from console.answers import wants_json
from console.registry import RegistryError
from console.state import state
from console.users import User, Verdict

PUBLIC = frozenset(
    {"static", "session.login", "session.enter_with_password", "session.choose_language", "health.health"}
)
"""Endpoints for which nobody has to be logged in."""
OWN_CREDENTIAL = frozenset({"ingest", "tasks"})
"""Blueprints that check a credential of their own: what children send, and what they ask for."""
BACKGROUND_HEADER = "X-Otus-Background"
"""Sent by pages that refresh themselves: such a request does not keep a session alive."""
SESSION_KEY = "_user_id"
"""where Flask-Login keeps `Account.get_id` in the cookie"""


class Account(UserMixin):  # type: ignore[misc]
    """The account of the present session, and the session's key."""

    def __init__(self, user: User, key: str) -> None:
        self.user, self.key = user, key

    def get_id(self) -> str:
        return self.key


def safe_next(target: str | None) -> str:
    """Where to go after logging in: a path of this console, never another host."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or not target.isprintable():
        return url_for("overview.overview")
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or "\\" in target:
        return url_for("overview.overview")
    return target


def enter(name: str, password: str) -> Verdict:
    """Check a password and begin a session. A session that was there before ends."""
    verdict, user = state().users.check(name, password)
    if user is not None:
        leave()
        login_user(Account(user, state().sessions.begin(user)))
        session.permanent = True
    return verdict


def leave() -> None:
    """End this session here and in every other process, also for a copy of its cookie."""
    if SESSION_KEY in session:
        state().sessions.end(str(session[SESSION_KEY]))
    logout_user()
    session.clear()


def _load(key: str) -> Account | None:
    """The account of a session. A registry that is away makes nobody of everybody, and `_guard` says so."""
    try:
        user = state().sessions.find(key, click=BACKGROUND_HEADER not in request.headers)
    except RegistryError as error:
        g.registry_error = error
        return None
    return None if user is None else Account(user, key)


def _guard() -> ResponseReturnValue | None:
    endpoint, blueprint = request.endpoint, request.blueprint
    if endpoint in PUBLIC or blueprint in OWN_CREDENTIAL:
        return None
    if current_user.is_authenticated:
        return None
    if "registry_error" in g:
        raise g.registry_error
    if SESSION_KEY in session:
        leave()
    return _refuse()


def _refuse() -> ResponseReturnValue:
    if wants_json() or request.path.startswith("/api/"):
        return jsonify({"error": "login_required"}), 401
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    login = url_for("session.login", next=target if target not in (None, "/") else None)
    if "HX-Request" in request.headers:
        return "", 401, {"HX-Redirect": login}
    return redirect(login)


def install(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(_load)
    app.extensions["otus_address_limit"] = AddressLimit(state(app).registry)
    app.before_request(_guard)
