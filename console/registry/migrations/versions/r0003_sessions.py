"""Who is logged in, the same for every process."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "login_session",
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("name", sa.Text, sa.ForeignKey("account.name", ondelete="CASCADE"), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("began_s", sa.BigInteger, nullable=False),
        sa.Column("active_s", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_login_session_name", "login_session", ["name"])
    op.create_index("ix_login_session_active_s", "login_session", ["active_s"])
