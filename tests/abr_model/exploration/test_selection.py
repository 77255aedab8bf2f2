from __future__ import annotations

import numpy as np

from abr_model.exploration.selection import gained_by_class, kept_by, marginals, marked_shares
from abr_model.selection import SelectionRules, select


def test_the_funnel_is_that_of_the_selection_for_training(small_cohort):
    rules = SelectionRules(fmp_above=1.5)
    kept, funnel = kept_by(small_cohort.table, rules)
    trained = select(small_cohort, rules)
    assert kept.sum() == len(trained.cohort)
    assert list(small_cohort.table["recording_id"][kept]) == list(trained.cohort.table["recording_id"])
    steps = dict(zip(trained.funnel["rule"], trained.funnel["kept"], strict=True))
    assert all(steps[row.rule] == row.kept for row in funnel.itertuples())
    assert funnel["removed"].sum() == len(small_cohort) - kept.sum()
    assert not ((funnel["removed"] == 0) & funnel["rule"].str.endswith(("known", "measured"))).any()


def test_nothing_kept_is_an_answer_too(small_cohort):
    kept, funnel = kept_by(small_cohort.table, SelectionRules(fmp_above=1e5))
    assert not kept.any()
    assert funnel["kept"].iloc[-1] == 0
    assert np.isnan(marked_shares(small_cohort.table, kept)).all()


def test_marginals_and_shares_are_those_of_the_kept(small_cohort):
    table = small_cohort.table
    kept, _ = kept_by(table, SelectionRules())
    by_name = {m.column: m for m in marginals(table)}
    assert by_name["age_years"].counts(kept).sum() == table["age_years"][kept].notna().sum()
    shares = marked_shares(table, kept)
    assert shares[2] == table["latency_V_ms"][kept].notna().mean()


def test_the_gain_of_a_step_adds_up(small_cohort):
    table = small_cohort.table
    strict, _ = kept_by(table, SelectionRules(fmp_above=2.0))
    loose, _ = kept_by(table, SelectionRules(fmp_above=1.0))
    change = gained_by_class(table, strict, loose).set_index("hearing")
    assert change.loc["All", "change"] == loose.sum() - strict.sum() > 0
    assert change.drop("All")["change"].sum() == change.loc["All", "change"]
    normal = (table["hearing_loss"] == "normal").to_numpy(bool)
    assert change.loc["Normal", "after"] == (loose & normal).sum()
