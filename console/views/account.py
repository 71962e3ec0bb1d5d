"""账号: who I am here, and a new password."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from console.auth import enter
from console.state import state
from console.users import PASSWORD_LEAST, UserError, Verdict

bp = Blueprint("account", __name__)


@bp.get("/account")
def account() -> ResponseReturnValue:
    return _render(None, done=request.args.get("done") == "1")


@bp.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Change one's own password. Every other session of the account ends; this one goes on."""
    here, name = state(), current_user.user.name
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _render("again"), 400
    verdict, _ = here.users.check(name, request.form.get("old", ""))
    if verdict is not Verdict.OK:
        return _render(str(verdict)), 400
    try:
        here.users.set_password(name, new)
    except UserError as error:
        return _render(error.code), 400
    enter(name, new)
    return redirect(url_for("account.account", done=1), code=303)


def _render(problem: str | None, done: bool = False) -> str:
    return render_template(
        "account.html", problem=problem, done=done, user=current_user.user, least=PASSWORD_LEAST,
        minutes=state().settings.lock_minutes, idle=state().settings.idle_minutes,
    )  # fmt: skip
