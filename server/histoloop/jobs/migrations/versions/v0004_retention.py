"""Which runs are looked at, which are to stay, and which were put away."""

import sqlalchemy as sql
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing is known of what was looked at until now, and nothing was put away."""
    op.add_column("jobs", sql.Column("looked_at", sql.DateTime()))
    op.add_column("jobs", sql.Column("kept", sql.JSON()))
    op.add_column("jobs", sql.Column("put_away", sql.JSON()))
