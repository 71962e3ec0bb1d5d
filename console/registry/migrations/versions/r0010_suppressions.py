"""What a console on Elasticsearch keeps out of its open work, until when, and who answers for it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "suppression",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("cause", "hosts")),
        sa.Column("segment", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reason", "author")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since_ns", "until_ns")),
        sa.Column("ended_ns", sa.BigInteger),
        sa.Column("ended_by", sa.Text),
        sa.Column("about", sa.Text, nullable=False),
    )
