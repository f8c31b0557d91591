"""How often a job was begun: whoever has begun it before writes no more."""

import sqlalchemy as sql
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """What has begun until now is not counted."""
    attempt = sql.Column("attempt", sql.Integer(), nullable=False, server_default="0")
    op.add_column("jobs", attempt)
