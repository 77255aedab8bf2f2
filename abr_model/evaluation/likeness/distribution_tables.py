"""What a page draws of two distributions of traces: over time, over frequency, over lags, by band."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.evaluation.features import band_rows
from abr_model.evaluation.likeness.distances import autocorrelation, decibels, spectrum
from abr_model.evaluation.likeness.patient_sums import PatientSums, value_and_interval
from abr_model.evaluation.likeness.two_sided import Side, TwoSided


def distribution_tables(sides: TwoSided, time_ms: np.ndarray, seed: int) -> dict[str, pd.DataFrame]:
    """Tables of generated, real and (where there are any) other real traces.

    Returns
    -------
    dict
        ``by_time``: ``time_ms`` and, of each set, ``…_mean_uv`` and ``…_sd_uv``;
        ``by_frequency``: ``frequency_hz`` and ``…_power_db`` (dB re 1 µV² of the windowed sum);
        ``by_band``: ``band``, ``generated_minus_real_db`` with ``_low`` and ``_high`` (95 %, patients resampled), and
        ``other_minus_real_db``;
        ``by_lag``: ``lag_ms`` and ``…_autocorrelation``.
    """
    sets: dict[str, Side] = {"generated": sides.generated, "real": sides.real}
    if sides.other:
        sets["other"] = sides.other
    spectra = {name: spectrum(side.traces) for name, side in sets.items()}
    samples = sides.real.traces.shape[1]
    by_time, by_frequency, by_lag = {"time_ms": time_ms}, {}, {}
    by_frequency["frequency_hz"] = np.fft.rfftfreq(samples, 1 / sides.rate_hz)
    by_lag["lag_ms"] = np.arange(1, samples) * 1000 / sides.rate_hz
    for name, side in sets.items():
        by_time[f"{name}_mean_uv"] = side.traces.mean(0)
        by_time[f"{name}_sd_uv"] = side.traces.std(0)
        by_frequency[f"{name}_power_db"] = decibels(spectra[name].mean(0))
        by_lag[f"{name}_autocorrelation"] = autocorrelation(side.traces, samples - 1).mean(0)
    bands = [_band(name, rows, sides, spectra, seed) for name, rows in band_rows(samples, sides.rate_hz)]
    return {
        "by_time": pd.DataFrame(by_time),
        "by_frequency": pd.DataFrame(by_frequency),
        "by_band": pd.DataFrame(bands),
        "by_lag": pd.DataFrame(by_lag),
    }


def _band(name: str, rows: slice, sides: TwoSided, spectra: dict[str, np.ndarray], seed: int) -> dict:
    powers = {side: of[:, rows].mean(1) for side, of in spectra.items()}
    value, interval = value_and_interval(
        lambda a, b: float((decibels(a) - decibels(b))[0]),
        PatientSums(powers["generated"], sides.generated.patients),
        PatientSums(powers["real"], sides.real.patients),
        together=True,
        seed=seed,
        is_size=False,
    )
    low, high = interval or (np.nan, np.nan)
    other = decibels(powers["other"].mean()) - decibels(powers["real"].mean()) if "other" in powers else np.nan
    return {
        "band": name,
        "generated_minus_real_db": value,
        "generated_minus_real_db_low": low,
        "generated_minus_real_db_high": high,
        "other_minus_real_db": float(other),
    }
