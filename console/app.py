"""`create_app`: one Flask application for every tier."""

from __future__ import annotations

import importlib
import importlib.util
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from console import auth, context, errors, language, security, tasks
from console.clock import Clock
from console.nodes import Nodes
from console.opening import open_console_registry, open_console_store, open_sessions, open_users
from console.registry import Registry
from console.registry.secret import shared_secret
from console.settings import ConsoleSettings
from console.state import ConsoleState
from console.store import Store
from console.users import Users
from console.views import BLUEPRINTS
from sensor.schema.shape import known_name

MAX_FORM_BYTES = 256 * 1024
"""What a request may weigh: the longest order a desk may write, of Chinese characters at nine bytes each. The way in
for batches sets a larger limit of its own."""


def create_app(
    settings: ConsoleSettings,
    *,
    registry: Registry | None = None,
    store: Store | None = None,
    users: Users | None = None,
    clock: Clock | None = None,
) -> Flask:
    """Make the application of one console.

    Registry, store and accounts are opened as the settings say unless they are given; they are found again by
    `console.state.state()`.
    """
    if not known_name(settings.node_name):
        raise ValueError("node_name: 1 to 64 letters, digits, '.', '-' or '_'")
    registry = registry or open_console_registry(settings)
    app = Flask("console", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=shared_secret(registry, "sessions"),
        # Cookies do not know ports: consoles that share a host must not share a cookie's name.
        SESSION_COOKIE_NAME=f"otus_{settings.node_name.encode().hex()}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.serves_tls,
        SESSION_REFRESH_EACH_REQUEST=True,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["otus"] = ConsoleState(
        settings=settings,
        registry=registry,
        store=store or open_console_store(registry, settings),
        users=users or open_users(registry, settings),
        nodes=Nodes(registry),
        sessions=open_sessions(registry, settings),
        clock=clock or Clock(zone=ZoneInfo(settings.zone)),
    )
    csrf = CSRFProtect(app)
    language.install(app)
    context.install(app)
    auth.install(app)
    security.install(app)
    errors.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _register_ingest(app, csrf)
    return app


def _register_ingest(app: Flask, csrf: CSRFProtect) -> None:
    """The way in for children. It has its own credential, so neither login nor form token apply to it."""
    if importlib.util.find_spec("console.ingest") is None:
        return
    ingest: Any = importlib.import_module("console.ingest")
    csrf.exempt(ingest.bp)
    app.register_blueprint(ingest.bp)
    app.register_blueprint(tasks.bp)
