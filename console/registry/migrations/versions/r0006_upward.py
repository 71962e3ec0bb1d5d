"""The queue to the parents, which a console on Elasticsearch kept in tables that only SQLite knew."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    upward = op.create_table(
        "upward",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("receipts", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "upward_record",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("upward_record_key", "upward_record", ["id", "origin"], unique=True)
    answered = sa.text("body IS NULL")
    op.create_index("upward_record_receipt", "upward_record", ["seq"], sqlite_where=answered, postgresql_where=answered)
    op.create_table(
        "upward_parent",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("retry_at_ns", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("last_answer_ns", sa.BigInteger, nullable=False),
        sa.Column("answered", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "upward_pending",
        sa.Column("parent", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger, nullable=False),
    )
    op.create_index("upward_pending_place", "upward_pending", ["parent", "place"])
    op.create_index("upward_pending_seq", "upward_pending", ["seq"])
    op.create_table(
        "upward_dead",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(upward, [{"number": 1, "place": 0, "bytes": 0, "receipts": 0}])
    if "spool_record" in sa.inspect(op.get_bind()).get_table_names():
        _take_over()


def _take_over() -> None:
    """What waits in the tables of before goes on waiting."""
    parent = "name, failures, retry_at_ns, problem, last_answer_ns, answered, refused"
    dead = "parent, origin, id, revision, reason, at_ns, body"
    op.execute(f"INSERT INTO upward_parent ({parent}) SELECT {parent} FROM spool_parent")
    op.execute(
        "INSERT INTO upward_record (seq, id, origin, revision, size, body)"
        " SELECT seq, id, origin, revision, size, body FROM spool_record"
    )
    op.execute("INSERT INTO upward_pending (parent, seq, place) SELECT parent, seq, place FROM spool_pending")
    op.execute(f"INSERT INTO upward_dead ({dead}) SELECT {dead} FROM spool_dead ORDER BY number")
    op.execute(
        "UPDATE upward SET"
        " place = (SELECT max(coalesce((SELECT max(place) FROM upward_pending), 0),"
        " coalesce((SELECT max(seq) FROM upward_record), 0))),"
        " bytes = (SELECT coalesce(sum(size), 0) FROM upward_record WHERE body IS NOT NULL),"
        " receipts = (SELECT count(*) FROM upward_record WHERE body IS NULL)"
    )
    for name in ("meta", "record", "parent", "pending", "dead"):
        op.execute(f"DROP TABLE spool_{name}")
