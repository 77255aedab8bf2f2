"""Answers of reviewers: stored at once, the last one counts, every one is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from abr_model.errors import InputError
from abr_model.review.answer import Answer
from abr_model.review.database import open_engine, unusable

ATTEMPTS = 5
"""A transaction that another one was in the way of is tried again so often."""

_metadata = MetaData()
_place = ("study", "reviewer", "item", "repeat")


def _columns() -> list[Column]:
    return [
        Column("study", String(80), nullable=False),
        Column("reviewer", String(40), nullable=False),
        Column("item", Integer, nullable=False),
        Column("repeat", Integer, nullable=False),
        Column("answer", Text, nullable=False),  # JSON of an Answer
        Column("given", Float, nullable=False),  # seconds since 1970, when the reviewer said so
    ]


ANSWERS = Table("review_answers", _metadata, *_columns(), UniqueConstraint(*_place, name="one_answer_for_each"))
"""What counts: one row for each reviewer, item and repeat."""
HISTORY = Table(
    "review_history",
    _metadata,
    Column("id", Integer, primary_key=True),
    *_columns(),
    Column("window", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("stored", Float, nullable=False),
    UniqueConstraint("study", "window", "number", name="each_message_once"),
    Index("of_a_study", "study", "reviewer"),
)
"""Everything that was ever said; rows are only added."""
CLOSINGS = Table(
    "review_closings",
    _metadata,
    Column("study", String(80), primary_key=True),
    Column("closed", Float, nullable=False),
)


@dataclass(frozen=True)
class Message:
    """An answer on its way: ``window`` and ``number`` name it, so that one that arrives twice is stored once.

    ``given`` is the time at which the reviewer gave it, seconds since 1970.
    """

    reviewer: str
    item: int
    repeat: int
    answer: Answer
    window: str
    number: int
    given: float


@dataclass(frozen=True)
class Stored:
    """An answer that counts, or one of the history."""

    reviewer: str
    item: int
    repeat: int
    answer: Answer
    given: float


class AnswerStore:
    """The answers of one study; made by :meth:`open`. May be used by many threads and processes at once."""

    def __init__(self, engine, study: str):
        self._engine, self.study = engine, study

    @classmethod
    def open(cls, folder: Path, study: str, url: str | None = None) -> AnswerStore:
        """The store of a study, its tables made where there are none.

        Raises
        ------
        InputError
            The database cannot be reached or used.
        """
        store = cls(open_engine(url, folder), study)
        # two that begin at once may both make the tables: the second attempt finds them
        store._transaction(_metadata.create_all, again_after=SQLAlchemyError)
        return store

    def save(self, messages: Iterable[Message]) -> None:
        """Store answers; when this returns they are on the disk.

        A message that was stored before is left alone. Of two answers to one item the one that was *given* last
        counts, even where it arrives first.

        Raises
        ------
        InputError
            The study is closed, or the database cannot be used.
        """
        messages = list(messages)

        def write(connection: Connection) -> None:
            if self._closed(connection) is not None:
                raise InputError("the study is closed, no answer is taken any more")
            for message in messages:
                self._add(connection, message)

        self._transaction(write)

    def _add(self, connection: Connection, message: Message) -> None:
        insert = (sqlite if self._engine.dialect.name == "sqlite" else postgresql).insert
        now = time.time()
        place = {"study": self.study, "reviewer": message.reviewer, "item": message.item, "repeat": message.repeat}
        said = {"answer": message.answer.model_dump_json(), "given": min(message.given, now)}
        kept = connection.execute(
            insert(HISTORY)
            .values(**place, **said, window=message.window, number=message.number, stored=now)
            .on_conflict_do_nothing()
        )
        if kept.rowcount == 0:
            return
        connection.execute(
            insert(ANSWERS)
            .values(**place, **said)
            .on_conflict_do_update(index_elements=list(_place), set_=said, where=ANSWERS.c.given <= said["given"])
        )

    def answers(self, reviewer: str | None = None) -> list[Stored]:
        """Answers that count, of all reviewers or of one."""
        return self._read(ANSWERS, reviewer)

    def history(self, reviewer: str | None = None) -> list[Stored]:
        """Everything that was said, in the order in which it was stored."""
        return self._read(HISTORY, reviewer)

    def _read(self, table: Table, reviewer: str | None) -> list[Stored]:
        asked = select(table).where(table.c.study == self.study)
        if reviewer is not None:
            asked = asked.where(table.c.reviewer == reviewer)
        asked = asked.order_by(*([HISTORY.c.id] if table is HISTORY else [ANSWERS.c[name] for name in _place[1:]]))
        with self._reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return [
            Stored(row["reviewer"], row["item"], row["repeat"], Answer.of(json.loads(row["answer"])), row["given"])
            for row in rows
        ]

    def close(self) -> datetime:
        """Take no answer any more; when it was closed. Once closed it stays so."""

        def write(connection: Connection) -> float:
            if (closed := self._closed(connection)) is None:
                closed = time.time()
                connection.execute(CLOSINGS.insert().values(study=self.study, closed=closed))
            return closed

        return datetime.fromtimestamp(self._transaction(write), UTC)

    @property
    def closed(self) -> datetime | None:
        """When the study was closed; None while answers are taken."""
        with self._reading() as connection:
            closed = self._closed(connection)
        return None if closed is None else datetime.fromtimestamp(closed, UTC)

    def _closed(self, connection: Connection) -> float | None:
        return connection.execute(select(CLOSINGS.c.closed).where(CLOSINGS.c.study == self.study)).scalar()

    def _transaction(self, write, again_after=OperationalError):
        """``write(connection)`` in one transaction, again where another one was in the way."""
        for attempt in range(ATTEMPTS):
            try:
                with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                    return write(connection)
            except again_after as error:
                if attempt == ATTEMPTS - 1:
                    raise unusable(error) from error
                time.sleep(0.1 * 2**attempt)
            except SQLAlchemyError as error:
                raise unusable(error) from error
        raise AssertionError("unreachable")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unusable(error) from error
