"""Realism: how real is the simulation?"""

from __future__ import annotations

from abr_model.schema import Kind
from dashboard import session
from dashboard.widgets.badges import kind_badge_markdown
from dashboard.widgets.page_header import page_header
from dashboard.widgets.realism import realism_of, show_about, show_answer, show_figures, show_groups, show_unmet

QUESTIONS = {
    Kind.SIMULATED: "How real is the simulation?",
    Kind.GENERATED: "How real are the generated recordings?",
    Kind.CLINICAL: "How do these recordings compare with the published clinic?",
}

loaded = session.chosen_cohort()
kind = loaded.kind
page_header("Realism", QUESTIONS[kind], [kind_badge_markdown(kind)], about="realism")
realism = realism_of(loaded)
show_answer(realism, kind)
show_about()
show_unmet(realism, kind)
show_figures(realism, kind)
show_groups(realism, kind)
