"""`GET /api/v1/health`: for load balancers and children. Says that it is up, and nothing about what it holds."""

from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

bp = Blueprint("health", __name__)


def otus_version() -> str:
    try:
        return version("otus")
    except PackageNotFoundError:
        return "unknown"


@bp.get("/api/v1/health")
def health() -> ResponseReturnValue:
    return jsonify({"ok": True, "version": otus_version()})
