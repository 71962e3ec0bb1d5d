"""Log in, log out, choose a language."""

from __future__ import annotations

import logging

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console.address_limit import AddressLimit
from console.auth import enter, leave, safe_next
from console.catalogue import LANGUAGES
from console.language import COOKIE, COOKIE_SECONDS
from console.plain import clean
from console.state import state
from console.users import Verdict

log = logging.getLogger(__name__)
bp = Blueprint("session", __name__)


@bp.get("/login")
def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")))
    return render_template("login.html", problem=None, name="", next=request.args.get("next", ""))


@bp.post("/login")
def enter_with_password() -> ResponseReturnValue:
    limit: AddressLimit = current_app.extensions["otus_address_limit"]
    # No account's name has a control character, and PostgreSQL would not even look for a zero byte.
    name, target = clean(request.form.get("name", "")[:64].strip())[:64], request.form.get("next", "")
    if not limit.allows(request.remote_addr or ""):
        return render_template("login.html", problem="too_many", name=name, next=target), 429
    verdict = enter(name, request.form.get("password", ""))
    if verdict is Verdict.OK:
        log.info("%s logged in from %s", name, request.remote_addr)
        return redirect(safe_next(target), code=303)
    log.warning("login of %s from %s refused: %s", name, request.remote_addr, verdict)
    minutes = state().settings.lock_minutes
    return render_template("login.html", problem=str(verdict), name=name, next=target, minutes=minutes), 401


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    leave()
    return redirect(url_for("session.login"), code=303)


@bp.post("/language/<language>")
def choose_language(language: str) -> ResponseReturnValue:
    if language not in LANGUAGES:
        abort(404)
    response = make_response(redirect(safe_next(request.form.get("next")), code=303))
    response.set_cookie(
        COOKIE, language, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True, secure=state().settings.serves_tls
    )
    return response
