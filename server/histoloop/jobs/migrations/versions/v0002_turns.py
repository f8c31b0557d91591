"""Whose a job is and how urgent, which say whose turn it is; saved annotations, where not yet."""

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Jobs there are theirs who asked for them, none more urgent than another."""
    connection = op.get_bind()
    if not sql.inspect(connection).has_table("annotation_news"):
        op.create_table(
            "annotation_news",
            sql.Column("number", sql.Integer(), primary_key=True, autoincrement=True),
            sql.Column("item", sql.String(), nullable=False, index=True),
            sql.Column("annotation", sql.String(), nullable=False),
            sql.Column("user", sql.String(), nullable=False),
            sql.Column("at", sql.DateTime(), nullable=False),
        )
    op.add_column("jobs", sql.Column("user", sql.String(), nullable=False, server_default=""))
    normal = sql.Column("priority", sql.String(), nullable=False, server_default="normal")
    op.add_column("jobs", normal)
    jobs = sql.table(
        "jobs", sql.column("id"), sql.column("request", sql.JSON()), sql.column("user")
    )
    for id, request in connection.execute(sql.select(jobs.c.id, jobs.c.request)).all():
        whose = sql.update(jobs).where(jobs.c.id == id).values(user=request.get("user", ""))
        connection.execute(whose)
