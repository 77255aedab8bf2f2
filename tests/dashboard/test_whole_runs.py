"""What a run has drawn is sent, also when the next run begins before the server has heard all of it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from streamlit import config
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from dashboard.whole_runs import hear_runs_out


class Runner:
    """Stands for Streamlit's; one that has ended takes no request."""

    def __init__(self, **_):
        self.on_event = SimpleNamespace(connect=lambda receiver: None)
        self.told_to_stop = False

    def start(self) -> None: ...

    def request_rerun(self, _) -> bool:
        return False

    def request_stop(self) -> None:
        self.told_to_stop = True


@pytest.fixture(autouse=True)
def _heard_out(monkeypatch) -> None:
    monkeypatch.setattr(app_session, "ScriptRunner", Runner)
    monkeypatch.setattr(config, "get_option", lambda name, get=config.get_option: (
        "none" if name == "server.fileWatcherType" else get(name)
    ))  # fmt: skip
    hear_runs_out()
    hear_runs_out()  # each run of the page calls it


def new_session() -> AppSession:
    return AppSession(ScriptData("Home.py", False), MemoryUploadedFileManager(""), ScriptCache(), None, {})


def types_of(messages: list[ForwardMsg]) -> list[str]:
    return [message.WhichOneof("type") for message in messages]


@pytest.fixture
def sent_after():
    """Gives ``(ended, messages, session)`` once a run's last words meet a request to run ``fragment`` (None: all)."""

    async def meet(fragment: str | None) -> tuple[Runner, list[str], AppSession]:
        session = new_session()
        session._fragment_storage.register("news", lambda: None)
        session._scriptrunner = ended = Runner()
        timer = ForwardMsg()
        timer.auto_rerun.fragment_id, timer.auto_rerun.interval = "news", 1
        say = session._on_scriptrunner_event
        say(ended, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=timer)
        say(ended, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS)
        say(ended, ScriptRunnerEvent.SHUTDOWN, client_state=ClientState())
        session.request_rerun(ClientState(fragment_id=fragment) if fragment else ClientState())
        await asyncio.sleep(0)
        return ended, types_of(session.flush_browser_queue()), session

    return lambda fragment: asyncio.run(meet(fragment))


def test_the_end_of_a_run_is_sent_though_a_part_asked_for_news_meanwhile(sent_after):
    ended, messages, session = sent_after("news")
    assert messages[:2] == ["auto_rerun", "script_finished"]
    assert session._scriptrunner is not None and session._scriptrunner is not ended, "the news are looked for"


def test_what_is_drawn_anew_as_a_whole_is_not_sent_twice(sent_after):
    ended, messages, _ = sent_after(None)
    assert ended.told_to_stop
    assert "auto_rerun" not in messages


def text(fragment: str, words: str) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, 1]
    message.delta.fragment_id = fragment
    message.delta.new_element.markdown.body = words
    return message


def test_what_a_run_drew_of_a_part_is_sent_before_the_part_is_drawn_again():
    async def draw_twice() -> list[ForwardMsg]:
        session = new_session()
        finished = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)
        for message in (text("news", "old"), finished):
            session._browser_queue.enqueue(message)
        session._clear_queue(["news"])
        session._browser_queue.enqueue(text("news", "new"))
        return session.flush_browser_queue()

    messages = asyncio.run(draw_twice())
    assert types_of(messages) == ["delta", "script_finished", "delta"]
    assert [m.delta.new_element.markdown.body for m in (messages[0], messages[2])] == ["old", "new"]
    assert messages[1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


def test_what_waits_is_dropped_when_the_whole_page_is_drawn_again():
    async def draw() -> list[ForwardMsg]:
        session = new_session()
        session._browser_queue.enqueue(text("news", "old"))
        session._clear_queue(None)
        return session.flush_browser_queue()

    assert asyncio.run(draw()) == []
