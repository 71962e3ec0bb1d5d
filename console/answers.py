"""One view, two answers: the page, and the same figures as JSON for tests and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue


@dataclass(frozen=True)
class Answer:
    """What a view found out. `figures` is plain JSON and stands on the page too; `context` is for the page alone."""

    template: str
    figures: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)


def wants_json() -> bool:
    """Whether the figures are asked for: `.json` behind the path, or `?format=json`."""
    return request.path.endswith(".json") or request.args.get("format") == "json"


def page(blueprint: Blueprint, path: str, name: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Serve a view at `path` as HTML and at `path.json` (or `?format=json`) as JSON."""

    def register(view: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(view)
        def respond(**arguments: Any) -> ResponseReturnValue:
            answer = view(**arguments)
            if wants_json():
                return jsonify(answer.figures)
            return render_template(answer.template, figures=answer.figures, **answer.context)

        blueprint.add_url_rule(path, name, respond)
        blueprint.add_url_rule(("/overview" if path == "/" else path) + ".json", f"{name}_json", respond)
        return view

    return register
