"""How often each address tried to log in: counted by all processes together."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "address_attempt",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("since_s", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_address_attempt_since_s", "address_attempt", ["since_s"])
