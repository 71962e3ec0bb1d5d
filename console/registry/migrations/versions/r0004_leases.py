"""Work that one process does for all: who holds it, and what is done every so often."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("every_s", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("started_s", sa.BigInteger, nullable=False),
        sa.Column("finished_s", sa.BigInteger),
        sa.Column("error", sa.Text),
    )
