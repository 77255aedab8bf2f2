"""The database that answers are kept in: SQLite in the study's folder, or PostgreSQL by its address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.errors import InputError
from abr_model.search.storage import check_url, reason_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

ANSWERS_FILE = "answers.sqlite"
ADDRESS_VARIABLE = "ABR_REVIEW_DATABASE"
"""Environment variable with the address for new studies, where they are not to be kept in a file."""
BUSY_S = 60
"""A writer waits so long for another one before it gives up."""


def check_address(url: str) -> str:
    """An address that may stand in ``study.json``; :class:`InputError` for another database, or a written password."""
    from sqlalchemy.engine import make_url

    check_url(url)
    kind = make_url(url).get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise InputError(
            "answers are not kept in this kind of database", value=kind, allowed="postgresql://…, sqlite:////…"
        )
    return url


def open_engine(url: str | None, folder: Path) -> Engine:
    """An engine whose committed answers are on the disk.

    SQLite: a write-ahead log, so that reading never waits; every commit is synchronised; a transaction takes its lock
    when it begins, so that two writers queue instead of failing.
    """
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import NoSuchModuleError

    address = f"sqlite:///{folder / ANSWERS_FILE}" if url is None else os.path.expandvars(check_address(url))
    if not address.startswith("sqlite"):
        try:
            return create_engine(address, pool_pre_ping=True, pool_size=2, max_overflow=20)
        except (ImportError, NoSuchModuleError) as error:
            raise InputError(
                "the driver of the database is not installed", value=getattr(error, "name", None)
            ) from error
    engine = create_engine(address, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection, _record) -> None:
        connection.isolation_level = None  # transactions begin below, not when the driver thinks so
        connection.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def unusable(error: Exception) -> InputError:
    """What to tell of a database that cannot be used."""
    return InputError(f"the answers cannot be stored or read: {reason_of(error)}")
