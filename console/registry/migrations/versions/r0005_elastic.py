"""What the store on Elasticsearch keeps beside the cluster: who stands under whom, refusals, and the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "origin",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("child", sa.Text, nullable=False),
    )
    op.create_index("origin_child", "origin", ["child"])
    op.create_table(
        "child",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("last_seen_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rejected",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("child", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("child", sa.Text, nullable=False),
        sa.Column("received_ns", sa.BigInteger, nullable=False),
        sa.Column("taken_until_ns", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("journal_size", "journal", ["size"])
    op.create_index("journal_taken", "journal", ["taken_until_ns", "number"])
    op.create_table(
        "journal_key",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
    )
    op.create_index("journal_key_id", "journal_key", ["id"])
    op.create_table(
        "retention_run",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("report", sa.Text, nullable=False),
    )
