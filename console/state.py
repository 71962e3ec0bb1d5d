"""What the views of one application share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from console.clock import Clock
from console.nodes import Nodes
from console.registry import Registry
from console.sessions import Sessions
from console.settings import ConsoleSettings
from console.store import Store
from console.users import Users


@dataclass(frozen=True)
class ConsoleState:
    settings: ConsoleSettings
    registry: Registry
    store: Store
    users: Users
    nodes: Nodes
    sessions: Sessions
    clock: Clock


def state(app: Flask | None = None) -> ConsoleState:
    """The state of `app`, or of the application that answers the present request."""
    return cast(ConsoleState, (app or current_app).extensions["otus"])
