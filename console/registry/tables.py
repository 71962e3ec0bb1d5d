"""Every table of the registry as this version has it; `migrations/versions` tells how it came about."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, MetaData, Table, Text

metadata = MetaData()

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
