"""What each number about the distribution of traces means: names, units and notes, without values."""

from __future__ import annotations

from abr_model.evaluation.likeness.distances import NEIGHBOURS
from abr_model.evaluation.likeness.next_sample import LAGS
from abr_model.evaluation.score import Score

DIMENSIONS = 20
"""Principal components of the training traces in which distances are measured."""
HIGHEST_HZ = 6000.0
LONGEST_LAG_MS = 5.0

NAN = float("nan")
EMBEDDING = (
    f"In {DIMENSIONS} principal components of the training traces, in units of the first one's standard deviation."
)
SAME_SIZE = "As many recordings on both sides, for the value and for real against real."
CASE_MIX = (
    "Real against real compares patients with other conditions, where generated recordings have the same conditions "
    "as the real ones: a good value may be better than it."
)

SCORES = (
    Score(
        "frechet_distance",
        "Fréchet distance of traces",
        NAN,
        better="near limit",
        note=f"{EMBEDDING} Each set is taken as Gaussian; 0: mean and covariance agree. The embedding is of this data "
        f"set, so that the number cannot be compared with that of another. {SAME_SIZE} {CASE_MIX}",
        source="Heusel et al. 2017; a fixed embedding in the place of the learned one of Context-FID "
        "(Jeha et al. 2022)",
    ),
    Score(
        "mmd_squared_permille",
        "Maximum mean discrepancy, squared, × 1000",
        NAN,
        better="near limit",
        note=f"{EMBEDDING} Gaussian kernel as wide as the median distance of two real traces; unbiased, so that it may "
        f"be below 0; pairs of one patient left out. {SAME_SIZE} {CASE_MIX}",
        source="Gretton et al. 2012",
    ),
    Score(
        "mmd_p_value",
        "Chance of so large a discrepancy if there were none",
        NAN,
        better="higher",
        note="Generated and real recordings exchanged for random patients, 999 times. With thousands of recordings "
        "differences are found that matter to nobody; look at their size.",
        source="Gretton et al. 2012, with patients as what is exchanged",
    ),
    Score(
        "precision",
        "Precision: share of generated traces among real ones",
        NAN,
        better="higher",
        note=f"Nearer to a real trace than its {NEIGHBOURS}th real neighbour is. {EMBEDDING} {SAME_SIZE} Real "
        "recordings of one patient lie close together, which makes their neighbourhoods small and this number low, for "
        "the limit as well.",
        source="Kynkäänniemi et al. 2019",
    ),
    Score(
        "recall",
        "Recall: share of real traces among generated ones",
        NAN,
        better="higher",
        note=f"Nearer to a generated trace than its {NEIGHBOURS}th generated neighbour is. {EMBEDDING} {SAME_SIZE} "
        "Generated recordings of one patient's conditions are drawn apart, so their neighbourhoods are wider than "
        "those of real recordings: the value may be above real against real.",
        source="Kynkäänniemi et al. 2019",
    ),
    Score(
        "density",
        "Density of generated traces among real ones",
        NAN,
        better="near limit",
        note=f"Real neighbourhoods that a generated trace lies in, over {NEIGHBOURS}. Above real against real: "
        f"generated traces keep to the middle. {EMBEDDING} {SAME_SIZE}",
        source="Naeem et al. 2020",
    ),
    Score(
        "coverage",
        "Coverage: share of real traces with a generated one near",
        NAN,
        better="higher",
        note=f"Nearer than its {NEIGHBOURS}th real neighbour. {EMBEDDING} {SAME_SIZE}",
        source="Naeem et al. 2020",
    ),
    Score(
        "spectrum_distance",
        f"Difference of the mean power spectra, up to {HIGHEST_HZ / 1000:g} kHz",
        NAN,
        unit="dB",
        better="near limit",
        note=f"Mean absolute difference over frequencies, Hann window; the table has it by band. {CASE_MIX}",
    ),
    Score(
        "autocorrelation_distance",
        f"Difference of the mean autocorrelations, up to {LONGEST_LAG_MS:g} ms",
        NAN,
        better="near limit",
        note=f"Mean absolute difference over lags; each trace around its own mean. {CASE_MIX}",
    ),
    Score(
        "predictive_score",
        "Error of the next sample, learned from generated over learned from real",
        NAN,
        better="near limit",
        note=f"Mean absolute error on real traces of a linear prediction from the {LAGS} samples before (ridge "
        "regression), which never learned from the patients that it is asked about. 1: generated traces teach as well. "
        "Easily near 1 on signals as smooth as these. Real against real: learned from other held-out patients.",
        source="Yoon et al. 2019 (TimeGAN), with a linear model in the place of their recurrent network",
    ),
    Score(
        "mean_difference_by_time",
        "Difference of the mean traces, root mean square over time",
        NAN,
        unit="nV",
        better="near limit",
        note=f"Over all recordings, whatever their conditions. {CASE_MIX}",
    ),
    Score(
        "sd_difference_by_time",
        "Difference of the standard deviations between traces, root mean square over time",
        NAN,
        unit="nV",
        better="near limit",
        note=f"Of each time point over all recordings. {CASE_MIX}",
    ),
)
"""Every score, without its value."""
