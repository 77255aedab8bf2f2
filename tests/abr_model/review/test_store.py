"""What is acknowledged is on the disk: several processes at once, killed in the middle."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from abr_model.errors import InputError
from abr_model.review.answer import Answer
from abr_model.review.database import check_address
from abr_model.review.store import AnswerStore, Message

WRITER = """
import sys, time
from pathlib import Path
from abr_model.review.answer import Answer
from abr_model.review.store import AnswerStore, Message
folder, url, code = Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3]
store = AnswerStore.open(folder, "study", url)
for number in range(100_000):
    store.save([Message(code, number % 40, 0, Answer(rating=1 + number % 6), code, number, time.time())])
    print(number, flush=True)
"""


def message(number: int, rating: int, given: float, window: str = "w", item: int = 0, reviewer: str = "r1") -> Message:
    return Message(reviewer, item, 0, Answer(rating=rating), window, number, given)


@pytest.fixture
def store(tmp_path) -> AnswerStore:
    return AnswerStore.open(tmp_path, "study")


def test_the_last_answer_counts_and_every_one_is_kept(store):
    now = time.time()
    store.save([message(1, 2, now - 5), message(2, 3, now - 4)])
    store.save([message(3, 5, now - 3)])
    assert [one.answer.rating for one in store.answers()] == [5]
    assert [one.answer.rating for one in store.history()] == [2, 3, 5]


def test_a_message_that_arrives_twice_is_stored_once(store):
    now = time.time()
    for _ in range(3):
        store.save([message(1, 2, now - 5)])
    assert len(store.history()) == 1


def test_an_old_answer_that_arrives_late_does_not_undo_a_newer_one(store):
    """Two windows of one reviewer: the first could not reach the server for a while."""
    now = time.time()
    store.save([message(1, 6, now - 1, "second window")])
    store.save([message(1, 1, now - 60, "first window")])
    assert [one.answer.rating for one in store.answers()] == [6]
    assert len(store.history()) == 2


def test_a_clock_that_is_fast_does_not_lock_an_answer(store):
    store.save([message(1, 1, time.time() + 3600)])
    store.save([message(2, 4, time.time())])
    assert [one.answer.rating for one in store.answers()] == [4]


def test_studies_and_reviewers_keep_apart(tmp_path, store):
    other = AnswerStore.open(tmp_path, "another study")
    store.save([message(1, 1, time.time()), message(2, 2, time.time(), reviewer="r2")])
    other.save([message(1, 6, time.time())])
    assert [one.answer.rating for one in store.answers("r1")] == [1]
    assert [one.answer.rating for one in store.answers()] == [1, 2]
    assert [one.answer.rating for one in other.answers()] == [6]


def test_a_closed_study_takes_no_answer(store):
    store.save([message(1, 1, time.time())])
    assert store.closed is None
    closed = store.close()
    assert store.close() == closed == store.closed, "closing twice keeps the first time"
    with pytest.raises(InputError, match="closed"):
        store.save([message(2, 2, time.time())])
    assert len(store.history()) == 1


def test_a_broken_database_is_told_in_words(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="answers cannot be stored or read"):
        AnswerStore.open(tmp_path, "study")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql+pymysql://host/db", "not kept in this kind"),
        ("postgresql://me:secret@host/db", "password"),
        ("nonsense", "no address"),
    ],
)
def test_addresses_that_are_refused(url, words):
    with pytest.raises(InputError, match=words) as error:
        check_address(url)
    assert "secret" not in str(error.value)


def write_and_kill(folder: Path, url: str, project_root: Path) -> None:
    """Three processes write as fast as they can and are killed; whatever they said was stored, is."""
    environment = os.environ | {"PYTHONPATH": str(project_root)}
    writers = {
        code: subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), url, code], stdout=subprocess.PIPE, env=environment, text=True
        )
        for code in ("r1", "r2", "r3")
    }
    acknowledged = {code: [] for code in writers}
    try:
        for code, writer in writers.items():  # all are at work
            while len(acknowledged[code]) < 15:
                line = writer.stdout.readline()
                assert line, f"{code} ended by itself"
                acknowledged[code].append(int(line))
    finally:
        for writer in writers.values():
            os.kill(writer.pid, signal.SIGKILL)
    for code, writer in writers.items():
        acknowledged[code] += [int(line) for line in writer.communicate()[0].splitlines() if line.strip().isdigit()]
    store = AnswerStore.open(folder, "study", url or None)
    for code, numbers in acknowledged.items():
        history = store.history(code)
        assert len(numbers) >= 15
        assert len(history) >= len(numbers), f"{code}: acknowledged and lost"
        assert len(history) <= numbers[-1] + 2, f"{code}: at most the one in flight was stored without a word"
        assert [one.item for one in history] == [number % 40 for number in range(len(history))]
        latest = {one.item: one.answer.rating for one in history}
        assert {one.item: one.answer.rating for one in store.answers(code)} == latest
    store.save([message(1, 1, time.time(), "after")])


def test_three_processes_killed_in_the_middle_lose_nothing(tmp_path, project_root):
    write_and_kill(tmp_path, "", project_root)


@pytest.fixture
def postgres(tmp_path) -> Iterator[str]:
    """A PostgreSQL of its own on a socket in a folder."""
    programs = [shutil.which(name) for name in ("initdb", "pg_ctl")]
    if None in programs:
        pytest.skip("no PostgreSQL on this machine (initdb, pg_ctl)")
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed (psycopg)")
    initdb, pg_ctl = programs
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # it refuses to run as root
    home = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    if user:
        shutil.chown(home, "nobody")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home, "check": True, **user}
    subprocess.run([initdb, "-D", home / "db", "-A", "trust", "-U", "abr", "--no-sync"], **quiet)
    options = f"-k {home} -c listen_addresses='' -c fsync=off"
    subprocess.run([pg_ctl, "-D", home / "db", "-o", options, "-l", home / "log", "-w", "start"], **quiet)
    yield f"postgresql+psycopg://abr@/postgres?host={home}"
    subprocess.run([pg_ctl, "-D", home / "db", "-m", "immediate", "stop"], **quiet)
    shutil.rmtree(home, ignore_errors=True)


def test_postgresql_keeps_the_same_promises(tmp_path, project_root, postgres):
    write_and_kill(tmp_path, postgres, project_root)
    store = AnswerStore.open(tmp_path, "another", postgres)
    now = time.time()
    store.save([message(1, 6, now - 1, "second"), message(1, 1, now - 60, "first"), message(1, 6, now - 1, "second")])
    assert [one.answer.rating for one in store.answers()] == [6]
    assert len(store.history()) == 2
    store.close()
    with pytest.raises(InputError, match="closed"):
        store.save([message(3, 2, now)])
