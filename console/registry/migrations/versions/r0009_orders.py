"""Notices and tasks of a console on Elasticsearch: what comes down from its parents and goes down to its children."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "course")),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("open", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("parent", "name", "title", "colour")),
        sa.Column("deadline_ns", sa.BigInteger),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("all_below", "addressees", "issued_ns", "place", "keep_ns", "answer_revision")
        ),
        sa.Column("answer_state", sa.Text, nullable=False),
        sa.Column("settled", sa.BigInteger, nullable=False),
        sa.Column("whole", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
    )
    op.create_index("orders_place", "orders", ["place"], unique=True)
    op.create_index("orders_issued", "orders", ["issued_ns", "id", "origin"])
    op.create_index("orders_keep", "orders", ["keep_ns"])
    op.create_index("orders_open", "orders", ["open", "parent", "settled", "deadline_ns"])
    op.create_table(
        "order_addressee",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("name", "origin", "id")),
    )
    op.create_index("order_addressee_of", "order_addressee", ["origin", "id"])
    op.create_table(
        "order_cursor",
        sa.Column("parent", sa.Text, primary_key=True),
        sa.Column("after", sa.BigInteger, nullable=False),
    )
