"""What is small and relational of this store, in the registry: who stands under whom, refusals, and the journal.

`origin`, `child` and `rejected` have the shape of the embedded store's tables of these names. The registry's migrations
make them all.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from console.registry.tables import counted, metadata

origin = Table(
    "origin",
    metadata,
    Column("name", Text, primary_key=True),
    Column("child", Text, nullable=False),
    Index("origin_child", "child"),
)
child = Table(
    "child",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_seen_ns", BigInteger, nullable=False),
)
rejected = Table(
    "rejected",
    metadata,
    Column("number", counted, primary_key=True),
    Column("child", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
)
journal = Table(
    "journal",
    metadata,
    Column("number", counted, primary_key=True),
    Column("child", Text, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("taken_until_ns", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("journal_size", "size"),
    Index("journal_taken", "taken_until_ns", "number"),
    sqlite_autoincrement=True,
)
"""One row a batch that was acknowledged and does not stand on the cluster yet: zlib of a JSON list of records."""
journal_key = Table(
    "journal_key",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Index("journal_key_id", "id"),
)
"""What waits in the journal, by record: the highest revision of each in one batch."""
retention_run = Table(
    "retention_run",
    metadata,
    Column("number", counted, primary_key=True),
    Column("report", Text, nullable=False),
)
"""The last run of retention, as JSON."""
unfinished_move = Table(
    "unfinished_move",
    metadata,
    Column("number", counted, primary_key=True),
    Column("state", Text, nullable=False),
)
"""As long as all of another store is not moved here yet: how far that is (`console.store.moving`), as JSON."""
orders = Table(
    "orders",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("kind", "course")),
    Column("revision", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("open", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("parent", "name", "title", "colour")),
    Column("deadline_ns", BigInteger),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("all_below", "addressees", "issued_ns", "place", "keep_ns", "answer_revision")
    ),
    Column("answer_state", Text, nullable=False),
    Column("settled", BigInteger, nullable=False),
    Column("whole", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Index("orders_place", "place", unique=True),
    Index("orders_issued", "issued_ns", "id", "origin"),
    Index("orders_keep", "keep_ns"),
    Index("orders_open", "open", "parent", "settled", "deadline_ns"),
)
"""Notices and tasks; the embedded store has the same in its file (`console.store.orders`, whose SQL both share)."""
suppression = Table(
    "suppression",
    metadata,
    Column("id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("cause", "hosts")),
    Column("segment", Text),
    *(Column(name, Text, nullable=False) for name in ("reason", "author")),
    *(Column(name, BigInteger, nullable=False) for name in ("since_ns", "until_ns")),
    Column("ended_ns", BigInteger),
    Column("ended_by", Text),
    Column("about", Text, nullable=False),
)
"""As the embedded store has them in its file (`console.store.suppressions`, whose SQL both share)."""
baseline = Table(
    "baseline",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("child", Text, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("revision", "received_ns")),
    Column("whole", Text, nullable=False),
)
"""What sensors tell of their baselines; the embedded store has the same in its file (`console.store.baselines`)."""
baseline_entry = Table(
    "baseline_entry",
    metadata,
    Column("origin", Text, primary_key=True),
    *(Column(name, BigInteger, primary_key=True, autoincrement=False) for name in ("part", "number")),
    Column("revision", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("name", "kind", "state", "link", "words", "whole")),
    Index("baseline_entry_state", "origin", "state", "part", "number"),
    Index("baseline_entry_link", "origin", "link", "part", "number"),
    Index("baseline_entry_name", "origin", "name"),
)
order_addressee = Table(
    "order_addressee",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("name", "origin", "id")),
    Index("order_addressee_of", "origin", "id"),
)
order_cursor = Table(
    "order_cursor",
    metadata,
    Column("parent", Text, primary_key=True),
    Column("after", BigInteger, nullable=False),
)
"""How far each parent was heard."""
