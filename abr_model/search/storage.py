"""Where the trials of a search are written down: Optuna's tables in SQLite, or in a database that workers share.

SQLite and not Optuna's journal file: after ``kill -9`` within a write the journal ends in half a line, the next line is
appended to it, and nobody can read it any more; SQLite rolls back, and the kernel frees its locks.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from typing import TYPE_CHECKING

from abr_model.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import optuna

HEARTBEAT_S = 20
"""A worker says so often that its trial lives."""
GRACE_S = 120
"""A trial of another machine that was silent for so long is taken over."""
_BUSY_S = 60


def check_url(url: str) -> str:
    """A URL that may stand in a file.

    Raises
    ------
    InputError
        No database that is known, a driver that is not installed, or a password in plain text.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    known = "sqlite:////folder/file.db, postgresql://…, mysql+pymysql://…"
    try:
        parts = make_url(url)
        kind = parts.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise InputError("this is no address of a database", allowed=known) from error
    if kind not in ("sqlite", "postgresql", "mysql"):
        raise InputError("this kind of database is not supported", value=kind, allowed=known)
    if kind == "sqlite" and not (parts.database or "").startswith("/"):
        raise InputError("SQLite: the file must be given from the root on", allowed="sqlite:////folder/file.db")
    if parts.password is not None and not re.fullmatch(r"\$\{?\w+\}?", str(parts.password)):
        raise InputError(
            "a password must not stand in a file",
            allowed="the name of a variable of the environment: postgresql://name:${PGPASSWORD}@host/database",
        )
    return url


def open_storage(url: str | None, folder: Path) -> optuna.storages.RDBStorage:
    """Optuna's storage; tables are made where there are none.

    Raises
    ------
    InputError
        It cannot be reached, its driver is not installed, or it belongs to another version of Optuna.
    """
    import optuna
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    from abr_model.search.again import enqueue_again

    quiet_optuna()
    address = f"sqlite:///{folder / 'trials.db'}" if url is None else os.path.expandvars(check_url(url))
    arguments = {"connect_args": {"timeout": _BUSY_S}} if address.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.storages.RDBStorage(
                address,
                engine_kwargs=arguments,
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
                heartbeat_stale_trial_callback=enqueue_again,
            )
    except (ImportError, NoSuchModuleError) as error:
        raise InputError("the driver of the database is not installed", value=getattr(error, "name", None)) from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        raise InputError(f"the storage of the search cannot be used: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """What a database says, without the password of its address."""
    while error.__cause__ is not None and not hasattr(error, "orig"):
        error = error.__cause__
    words = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
    return re.sub(r"//[^@\s]*@", "//…@", words[0])


def quiet_optuna() -> None:
    """Without Optuna's own lines on standard error: they are said in words of this product."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
