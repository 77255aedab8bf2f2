"""Three reviewers at once, by keyboard; the server is killed in the middle, comes back, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from abr_model.data_folder import pretrained_folder
from abr_model.model import TrainedModel
from abr_model.review.study import Study
from abr_model.sources.simulator import simulate
from tests.e2e.at_rest import no_exception, settle, wait_until
from tests.e2e.server import Server
from tests.e2e.window import open_window

pytestmark = pytest.mark.e2e
CODES = ("r1", "r2", "r3")
ITEMS, REPEATS = 9, 2
SCREEN = "[...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.review')).find(Boolean)"
PLAUSIBILITY_KEYS, RATING_KEYS = "qwert", "asdfgh"


@pytest.fixture
def study(tmp_path) -> Study:
    clinic = simulate(patients=30, seed=3)
    clinic.write(tmp_path / "cohorts" / "clinic.parquet")
    model = TrainedModel.load(pretrained_folder() / "default")
    return Study.create(tmp_path, clinic, model, items=ITEMS, repeats=REPEATS, mark=("III", "V"), label="pilot")


@pytest.fixture
def dashboard(new_server, tmp_path, study) -> Iterator[Server]:
    running = new_server(tmp_path).start()
    yield running
    running.stop()


class Reviewer:
    """One person at one browser window, who remembers what they said."""

    def __init__(self, browser, dashboard: Server, study: Study, code: str):
        self.code, self.order = code, study.order(code)
        self.context = open_window(browser, 1280, 720)
        self.address = f"{dashboard.url}/review?view=review&study={study.id}&reviewer={code}"
        self.said: dict[tuple[int, int], dict] = {}
        self.problems: list[str] = []
        self.open()

    def open(self) -> None:
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(self.address)
        self.page.wait_for_function(f"{SCREEN}?.dataset.place !== undefined")

    def number(self, name: str) -> int:
        return int(self.page.evaluate(f"{SCREEN}.dataset.{name}"))

    def until(self, name: str, value: int) -> None:
        self.page.wait_for_function(f"{SCREEN}?.dataset.{name} === '{value}'")

    def answer(self, finish: bool = True) -> None:
        """The item that is on the screen, by keyboard alone."""
        place = self.number("place")
        item, repeat = self.order[place]
        plausibility, rating = (item + len(self.code)) % 5, (3 * item + int(self.code[1]) + repeat) % 6
        absent, steps = item % 3 == 0, item % 4
        keyboard = self.page.keyboard
        keyboard.press("3")
        keyboard.press("x")
        keyboard.press("5")
        if absent:
            keyboard.press("x")
        else:
            for _ in range(1 + steps):  # the first press sets the mark
                keyboard.press("ArrowRight")
        keyboard.press(PLAUSIBILITY_KEYS[plausibility])
        keyboard.press(RATING_KEYS[rating])
        keyboard.press("6")
        if finish:
            keyboard.press("Enter")
            self.until("place", place + 1)
        self.said[item, repeat] = {
            "plausibility": plausibility + 1,
            "rating": rating + 1,
            "absent": absent,
            "done": finish,
        }

    def go_on(self) -> None:
        """To the end; what was begun is only confirmed."""
        while (place := self.number("place")) < len(self.order):
            if self.order[place] not in self.said:
                self.answer()
                continue
            self.page.keyboard.press("Enter")
            self.until("place", place + 1)
            self.said[self.order[place]]["done"] = True


def stored(study: Study, reviewer: Reviewer) -> dict[tuple[int, int], dict]:
    found = {}
    for one in study.store().answers(reviewer.code):
        answer = one.answer
        marks = {mark.wave: mark.ms for mark in answer.marks}
        assert marks["III"] is None
        assert answer.noticed == ("noise",)
        assert answer.seconds > 0
        found[one.item, one.repeat] = {
            "plausibility": answer.plausibility, "rating": answer.rating, "absent": marks["V"] is None,
            "done": answer.done,
        }  # fmt: skip
    return found


def test_three_reviewers_at_once_and_a_server_that_dies(browser, dashboard, study):
    reviewers = [Reviewer(browser, dashboard, study, code) for code in CODES]
    for _ in range(4):  # in turn, so that answers of all three are on their way together
        for reviewer in reviewers:
            reviewer.answer()
    first, second, third = reviewers
    first.answer(finish=False)
    first.until("waiting", 0)
    before = {reviewer.code: len(stored(study, reviewer)) for reviewer in reviewers}
    dashboard.kill()  # whatever of the other two is on its way now has no server

    second.answer()  # they did not notice and work on
    second.answer()
    third.answer()
    assert second.number("waiting") > 0
    assert before[first.code] == 5, "all that was acknowledged is on the disk"
    assert stored(study, first) == first.said

    third.page.close()  # one shuts the window with answers that never reached anybody
    dashboard.start()
    third.open()
    for reviewer in reviewers:
        reviewer.until("waiting", 0)
    assert stored(study, second) == second.said, "answers that were given to a dead server"
    assert stored(study, third) == third.said, "answers of a window that was closed meanwhile"

    first.page.reload()
    first.page.wait_for_function(f"{SCREEN}?.dataset.place === '4'")  # the one that was begun and not confirmed
    assert third.number("place") == 5
    for reviewer in reviewers:
        reviewer.go_on()
        reviewer.until("waiting", 0)
        assert reviewer.number("done") == ITEMS + REPEATS
        assert stored(study, reviewer) == reviewer.said
        assert len(stored(study, reviewer)) == ITEMS + REPEATS
        assert reviewer.problems == []
    assert len(study.store().history()) >= 3 * (ITEMS + REPEATS)

    page = first.page
    page.goto(f"{dashboard.url}/review?view=results&study={study.id}")
    page.get_by_text("results stay blinded until it is closed").wait_for()
    settle(page)
    expect(page.get_by_test_id("stMetric")).to_have_count(0)
    page.get_by_role("button", name="Close and unblind").click()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_text("answers that count like").wait_for()
    page.get_by_text("Simulated clinic, not patients").first.wait_for()
    no_exception(page)
    for reviewer in reviewers:
        reviewer.context.close()


def test_a_mark_by_pointer_two_windows_and_a_closed_study(browser, dashboard, study):
    reviewer = Reviewer(browser, dashboard, study, "r1")
    page = reviewer.page
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.45, "y": box["height"] / 2})

    def mark(wave: str) -> float | None:
        marks = [mark for one in study.store().answers("r1") for mark in one.answer.marks]
        return next((m.ms for m in marks if m.wave == wave), None)

    wait_until(lambda: mark("V") is not None, "the mark of wave V")
    reviewer.until("waiting", 0)
    clicked = mark("V")
    item = study.order("r1")[0][0]
    uv = study.items.traces[item] * study.items.step_uv
    time_ms = study.config.sampling.time_ms(len(uv))
    expected = 13.27 * (box["width"] * 0.45 - 18) / (box["width"] - 32)
    assert clicked == pytest.approx(expected, abs=0.4), "next to where it was clicked"
    near = abs(time_ms - clicked).argmin()
    inner = uv[max(near - 2, 0) : near + 3]
    assert uv[near] >= inner.min()

    page.mouse.move(box["x"] + 18 + (box["width"] - 32) * clicked / 13.27, box["y"] + box["height"] / 2)
    canvas.click(position={"x": box["width"] * 0.3, "y": box["height"] / 2})  # V has its mark: the next click is III
    wait_until(lambda: mark("III") is not None, "the mark of wave III")
    reviewer.until("waiting", 0)
    assert mark("V") == clicked

    second = Reviewer(browser, dashboard, study, "r1")  # the same person at another computer
    assert second.number("place") == 0
    second.page.keyboard.press("h")
    wait_until(lambda: study.store().answers("r1")[0].answer.rating == 6, "the rating of the second window")
    second.until("waiting", 0)
    assert len(study.store().answers("r1")) == 1
    assert mark("V") == clicked, "what the first window said came along"

    study.store().close()
    page.keyboard.press("a")
    page.wait_for_function(f"{SCREEN}.querySelector('.state').textContent.includes('closed')")
    reviewer.until("waiting", 0)
    assert study.store().answers("r1")[0].answer.rating == 6
    assert reviewer.problems == second.problems == []
    reviewer.context.close()
    second.context.close()
