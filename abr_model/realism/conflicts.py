"""Requirements that pull apart: checks of the simulated clinic that are not met, and why they cannot be.

Only what is understood stands here. A check is never bent; its row stays "not met" with this reason beside it. What the
published clinic asks of its marks and what the physiology asks of a response are two things: the true responses of
the simulated clinic keep to every pass band; its marks, which scatter as the published ones do, do not.
"""

from __future__ import annotations

_STRAY = (
    "The published clinic's marked latencies scatter more than responses do (SD of wave I 0.44 ms, of wave V 1.42"
    " ms after selection), so some marks of the simulated clinic lie on other peaks, of wave V more often late "
    "than early; one of them is enough to break the order of an ear's levels or an interval. With no stray marks "
    "these checks are met and the published scatter is not. The true responses meet the bands."
)
_EARLY_I = (
    "The published wave I (1.55 ms) is 0.2 ms earlier than the norms', which puts I–III at 2.2 to 2.4 ms, near "
    "the limit of 2.5 ms; the scatter of marks does the rest. The true responses meet the band."
)
_FROM_ZERO = (
    "8 % of the published wave V amplitudes are below zero, so that clinic measured them from the zero line, and "
    "so does the simulation. Slow waves and noise then add to the spread; the band is for peak to trough, and our "
    "own estimate: no paper gives it. The true responses meet it."
)

EXPLAINED: dict[str, str] = {
    "marked_v_monotony_infants": _STRAY,
    "marked_v_monotony_children": _STRAY,
    "marked_v_monotony_adults": _STRAY,
    "marked_order": _STRAY,
    "marked_iii_v_adults": _STRAY,
    "marked_i_v_newborn_newborn": _STRAY,
    "marked_i_v_sd_adults": _STRAY,
    "marked_i_iii_adults": _EARLY_I,
    "marked_v_spread_children_70": _FROM_ZERO,
    "marked_v_spread_children_80": _FROM_ZERO,
    "marked_v_spread_infants_70": _FROM_ZERO,
    "marked_v_spread_infants_80": _FROM_ZERO,
}
"""Reason by the key of the check; checks with the same reason share its words."""
