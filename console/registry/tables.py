"""Every table of the registry as this version has it; `migrations/versions` tells how it came about."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

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
