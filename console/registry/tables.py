"""Every table of the registry as this version has it; `migrations/versions` tells how it came about."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()
counted = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts by itself: SQLite does only where the type is called INTEGER."""

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_s", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("last_login_s", BigInteger),
)
attempt = Table(
    "attempt",
    metadata,
    Column("name", Text, primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("last_s", BigInteger, nullable=False, index=True),
    Column("locked_until_s", BigInteger, nullable=False),
)
"""wrong passwords in a row, of names with and without an account"""
address_attempt = Table(
    "address_attempt",
    metadata,
    Column("address", Text, primary_key=True),
    Column("since_s", BigInteger, nullable=False, index=True),
    Column("attempts", BigInteger, nullable=False),
)
"""logins tried from one address, whatever names"""
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
node = Table(
    "node",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("token_id", Text, nullable=False, unique=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("added_ns", BigInteger, nullable=False),
    Column("revoked_ns", BigInteger),
)
login_session = Table(
    "login_session",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("name", Text, ForeignKey("account.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("epoch", BigInteger, nullable=False),
    Column("began_s", BigInteger, nullable=False),
    Column("active_s", BigInteger, nullable=False, index=True),
)
lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
)
job = Table(
    "job",
    metadata,
    Column("name", Text, primary_key=True),
    Column("every_s", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_s", BigInteger, nullable=False),
    Column("finished_s", BigInteger),
    Column("error", Text),
)

upward = Table(
    "upward",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("receipts", BigInteger, nullable=False),
)
"""One row: the last place given, the bytes that wait, the rows without body. Who changes the queue holds it."""
upward_record = Table(
    "upward_record",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary),
    Index("upward_record_key", "id", "origin", unique=True),
)
"""Records on their way to the parents, by their newest revision; the body goes when the last parent answered."""
Index(
    "upward_record_receipt",
    upward_record.c.seq,
    sqlite_where=upward_record.c.body.is_(None),
    postgresql_where=upward_record.c.body.is_(None),
)
upward_parent = Table(
    "upward_parent",
    metadata,
    Column("name", Text, primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("retry_at_ns", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
    Column("last_answer_ns", BigInteger, nullable=False),
    Column("answered", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)
upward_pending = Table(
    "upward_pending",
    metadata,
    Column("parent", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False),
    Index("upward_pending_place", "parent", "place"),
    Index("upward_pending_seq", "seq"),
)
"""Who owes an answer for what, in the order in which they will be asked."""
upward_dead = Table(
    "upward_dead",
    metadata,
    Column("number", counted, primary_key=True),
    Column("parent", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
