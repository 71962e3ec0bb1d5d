"""Errors say what to do: a page for people, one line of JSON for scripts, never a traceback."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from console.answers import wants_json
from console.catalogue import known
from console.registry import RegistryError
from console.store import StoreError

log = logging.getLogger(__name__)


def _answer(status: int, code: str) -> ResponseReturnValue:
    if wants_json() or request.path.startswith("/api/"):
        return jsonify({"error": code}), status
    return render_template("error.html", status=status, code=code), status


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.get_response()
    status = error.code or 500
    code = f"http_{status}"
    return _answer(status, code if known(f"error.{code}_title") else "http_500")


def _forged(error: CSRFError) -> ResponseReturnValue:
    return _answer(400, "form_expired")


def _store(error: StoreError) -> ResponseReturnValue:
    log.error("store: %s", error)
    return _answer(503, "store")


def _registry(error: RegistryError) -> ResponseReturnValue:
    log.error("%s", error)
    return _answer(503, "registry")


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error while answering %s", request.endpoint)
    return _answer(500, "http_500")


def install(app: Flask) -> None:
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(StoreError, _store)
    app.register_error_handler(RegistryError, _registry)
    app.register_error_handler(Exception, _unexpected)
