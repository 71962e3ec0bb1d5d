"""What calls a parent: one client each, which shows the credential to that parent and to nobody else."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from federation.parent import Parent

SENDS_JSON = {"Content-Type": "application/json"}


def clients_of(
    parents: Iterable[Parent],
    timeout_s: float,
    transport: httpx.BaseTransport | None,
    headers: dict[str, str] | None = None,
) -> dict[str, httpx.Client]:
    """By the parent's name. `transport` stands for the network in tests.

    Raises:
        ParentRefused: a parent's file of certificates cannot be read.
    """
    return {
        parent.name: httpx.Client(
            verify=parent.tls() if transport is None else True,
            transport=transport,
            timeout=timeout_s,
            headers={"Authorization": f"Bearer {parent.token}", **(headers or {})},
            follow_redirects=False,  # the credential goes to the parent that was named, and nowhere else
            trust_env=False,
        )
        for parent in parents
    }
