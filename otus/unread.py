"""Capture files that end early: what is there is read and told, and the exit code says that something is missing."""

from __future__ import annotations

from collections.abc import Sequence

import click


class Unread:
    """Counts what files had to say about themselves. Files warn only when they were not read to their end."""

    def __init__(self) -> None:
        self.warnings = 0

    def note(self, warnings: Sequence[str]) -> None:
        self.warnings += len(warnings)

    def say(self, warnings: Sequence[str]) -> None:
        for warning in warnings:
            click.echo(f"otus: {warning}", err=True)
        self.note(warnings)

    def end(self) -> None:
        """Called when everything has been written.

        Raises:
            click.exceptions.Exit: with 1; the line that says why has been printed.
        """
        if self.warnings:
            raise click.exceptions.Exit(1)
