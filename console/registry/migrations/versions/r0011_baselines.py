"""What sensors tell of their baselines, of a console on Elasticsearch."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "baseline",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("child", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("revision", "received_ns")),
        sa.Column("whole", sa.Text, nullable=False),
    )
    op.create_table(
        "baseline_entry",
        sa.Column("origin", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False) for name in ("part", "number")),
        sa.Column("revision", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "kind", "state", "link", "words", "whole")),
    )
    op.create_index("baseline_entry_state", "baseline_entry", ["origin", "state", "part", "number"])
    op.create_index("baseline_entry_link", "baseline_entry", ["origin", "link", "part", "number"])
    op.create_index("baseline_entry_name", "baseline_entry", ["origin", "name"])
