"""What a console tidies up in its registry every so often."""

from __future__ import annotations

from console.registry.jobs import Job
from console.state import ConsoleState

TIDY_EVERY_S = 600


def jobs_of(here: ConsoleState) -> tuple[Job, ...]:
    """Every scheduled job of a console."""

    def forget_logins() -> None:
        here.sessions.forget_ended()
        here.users.forget_attempts()

    return (Job("forget_logins", TIDY_EVERY_S, forget_logins),)
