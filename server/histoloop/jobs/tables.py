"""The tables of the ledger. Whoever changes one adds a migration, which a test asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Of all tables."""


class JobRow(Base):
    """A job; times are UTC without a zone, which SQLite does not know."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    slide: Mapped[str] = mapped_column(index=True)
    request: Mapped[dict[str, Any]] = mapped_column(sql.JSON)
    state: Mapped[str]
    run: Mapped[str] = mapped_column(index=True)
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]
    heartbeat: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(sql.JSON)
    failure: Mapped[dict[str, Any] | None] = mapped_column(sql.JSON(none_as_null=True))
    focus: Mapped[list[int] | None] = mapped_column(sql.JSON(none_as_null=True))
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    user: Mapped[str] = mapped_column(server_default="")
    priority: Mapped[str] = mapped_column(server_default="normal")
    attempt: Mapped[int] = mapped_column(server_default="0")
    looked_at: Mapped[datetime | None]
    kept: Mapped[dict[str, Any] | None] = mapped_column(sql.JSON(none_as_null=True))
    put_away: Mapped[dict[str, Any] | None] = mapped_column(sql.JSON(none_as_null=True))


class NewsRow(Base):
    """Regions of a run in the order in which they became available."""

    __tablename__ = "news"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(sql.ForeignKey("jobs.id"), index=True)
    boxes: Mapped[list[list[int]]] = mapped_column(sql.JSON)


class AnnotationNewsRow(Base):
    """Somebody has drawn: a saved annotation, as the archive's plugin tells of it."""

    __tablename__ = "annotation_news"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    item: Mapped[str] = mapped_column(index=True)
    annotation: Mapped[str]
    user: Mapped[str]
    at: Mapped[datetime]
