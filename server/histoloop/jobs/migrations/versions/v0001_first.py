"""The ledger as it was before it knew its version: jobs and their news."""

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """What a new ledger had."""
    op.create_table(
        "jobs",
        sql.Column("id", sql.String(), primary_key=True),
        sql.Column("kind", sql.String(), nullable=False),
        sql.Column("slide", sql.String(), nullable=False, index=True),
        sql.Column("request", sql.JSON(), nullable=False),
        sql.Column("state", sql.String(), nullable=False),
        sql.Column("run", sql.String(), nullable=False, index=True),
        sql.Column("created", sql.DateTime(), nullable=False),
        sql.Column("started", sql.DateTime()),
        sql.Column("finished", sql.DateTime()),
        sql.Column("heartbeat", sql.DateTime()),
        sql.Column("progress", sql.JSON(), nullable=False),
        sql.Column("failure", sql.JSON()),
        sql.Column("focus", sql.JSON()),
        sql.Column("cancel_requested", sql.Boolean(), nullable=False),
    )
    op.create_table(
        "news",
        sql.Column("number", sql.Integer(), primary_key=True, autoincrement=True),
        sql.Column("job", sql.String(), sql.ForeignKey("jobs.id"), nullable=False, index=True),
        sql.Column("boxes", sql.JSON(), nullable=False),
    )
