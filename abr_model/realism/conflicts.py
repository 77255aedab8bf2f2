"""Requirements that pull apart: checks of the simulated clinic that are not met, and why they cannot be.

Only what is understood stands here. A check is never bent; its row stays "not met" with this reason beside it. What the
published clinic asks of its marks and what the physiology asks of a response are two things: the true responses of
the simulated clinic keep to every pass band; its marks, which scatter as the published ones do, do not.
"""

from __future__ import annotations

_STRAY = (
    "The published clinic's marked latencies scatter more than responses do (wave I SD 0.44 ms, wave V 1.42 ms after "
    "selection), so some marks of the simulated clinic lie on other peaks. "
)
_TRUE = "The true responses meet this band."
_FROM_ZERO = (
    "8 % of the published wave V amplitudes are below zero, so the clinic measured them from the zero line, and so "
    "does the simulation. Slow waves and noise then add to the spread, which the band, for peak to trough, forbids. "
)

EXPLAINED: dict[str, str] = {
    **{
        f"marked_v_monotony_{band}": _STRAY + "One stray mark breaks an ear's order of levels. With no stray marks the "
        "check is met, and the published spread is not. " + _TRUE
        for band in ("infants", "children", "adults")
    },
    "marked_order": _STRAY + "In about one ear of two thousand the marks are so near one another that the hand's "
    "scatter turns their order round. " + _TRUE,
    "marked_i_iii_adults": "The published wave I is 0.2 ms earlier than the norms' (1.55 ms), which puts I–III at "
    "2.2 to 2.4 ms, near the limit of 2.5 ms; the scatter of the marks does the rest, without stray ones too. " + _TRUE,
    "marked_iii_v_adults": _STRAY + "With no stray marks the check is met. " + _TRUE,
    "marked_i_v_newborn_newborn": _STRAY + "In newborns a stray mark of wave V is more often late than early, and the "
    "published wave I is early, so the mean interval grows. With no stray marks the check is met. " + _TRUE,
    "marked_i_v_sd_adults": _STRAY + "An interval carries the scatter of both its marks. With no stray marks the check "
    "is met, and the published spread is not. " + _TRUE,
    **{
        f"marked_v_spread_{cell}": _FROM_ZERO + "The band itself is a prior without a paper. " + _TRUE
        for cell in ("children_70", "children_80", "infants_70", "infants_80")
    },
}
"""Reason by the key of the check."""
