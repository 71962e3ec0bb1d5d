"""How often one address may try to log in, whatever names it tries, and at whichever process."""

from __future__ import annotations

from sqlalchemy import case, select

from console.registry import Registry
from console.registry.tables import address_attempt as table

MAX_ADDRESSES = 4096
"""counted at a time; the oldest is forgotten"""
ATTEMPTS, WINDOW_S = 30, 300


class AddressLimit:
    def __init__(self, registry: Registry, most: int = ATTEMPTS, window_s: int = WINDOW_S) -> None:
        self._registry, self._most, self._window_s = registry, most, window_s

    def allows(self, address: str) -> bool:
        """Count one attempt and say whether it may go ahead.

        Raises:
            RegistryError: it cannot be counted, and so it may not.
        """
        with self._registry.transaction() as connection:
            now_s = self._registry.now_s(connection)
            over = table.c.since_s <= now_s - self._window_s
            attempts = connection.execute(
                self._registry.insert(table)
                .values(address=address, since_s=now_s, attempts=1)
                .on_conflict_do_update(
                    index_elements=[table.c.address],
                    set_={
                        "since_s": case((over, now_s), else_=table.c.since_s),
                        "attempts": case((over, 1), else_=table.c.attempts + 1),
                    },
                )
                .returning(table.c.attempts)
            ).scalar_one()
            oldest = select(table.c.address).order_by(table.c.since_s.desc()).offset(MAX_ADDRESSES)
            connection.execute(table.delete().where(table.c.address.in_(oldest)))
        return int(attempts) <= self._most
