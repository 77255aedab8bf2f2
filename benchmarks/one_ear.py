"""How well one recording tells the same ear at other levels, rates and ages, against the truth of the simulator.

    python benchmarks/one_ear.py [--model FOLDER] [--patients 2043] [--seed 1] [--recordings 600] [--json result.json]

The clinic is simulated as the model's training cohort was, so that the model's split finds the same held-out patients.
From each of some held-out recordings the ear is inferred, and regenerated where the same ear was recorded at another
level; the truth is the simulator's response there. Beside it: the mean response for the conditions with no knowledge of
the ear; the latent code held as it is; the ear told from all other recordings of it; and a repeated recording of the
same ear at the same level. Wave V is the highest peak within 1.2 ms of the true one. Then the same for conditions that
clinics seldom change: the ear is made again by the simulator at other rates and other ages.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from abr_model.cohort import Cohort
from abr_model.ears.codes import Codes, codes_of, latent_of, responses_of
from abr_model.ears.link import EarLink
from abr_model.ears.pairs import MOST_KNOWN, ears_of
from abr_model.evaluation.clean import clean_responses
from abr_model.generation.ears.ear import Ear
from abr_model.generation.ears.elsewhere import blend, codes_at, ear_responses
from abr_model.generation.generate import block_generator, decode, draw
from abr_model.model import TrainedModel
from abr_model.preparation import model_inputs
from abr_model.schema import CONDITION_NAMES, INTENSITY, WAVES
from abr_model.sources.simulator import DEFAULT, simulate
from abr_model.sources.simulator.patients import draw_patient
from abr_model.sources.simulator.response import respond
from abr_model.sources.simulator.series import Series
from abr_model.training.parts import prepare_parts
from abr_model.waves import pick_wave

POPULATION_DRAWS = 24
WITHIN_MS = 1.2
SMALLEST_UV = 0.05
"""A true wave V below this has no latency to be compared with."""
V = WAVES.index("V")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("data/pretrained/default"))
    parser.add_argument("--patients", type=int, default=2043)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recordings", type=int, default=600)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = TrainedModel.load(asked.model)
    link = EarLink.load(asked.model, model)
    if link is None:
        parser.error("this model has no link of ears")
    clinic = simulate(asked.patients, asked.seed)
    held_out = prepare_parts(clinic, model.preset).test
    truth = clean_responses(held_out, clinic.provenance, model.preset).astype(float)
    ears_at = ears_from(model, link, held_out)
    result = {
        "levels": levels(model, ears_at, held_out, truth, asked.recordings),
        "designed": designed(model, ears_at, held_out, asked.seed, asked.recordings // 3),
        "blend": middle_of_blends(model, ears_at, held_out, 60),
    }
    for name, table in result.items():
        print(f"\n{name}\n{pd.DataFrame(table).round(3).to_string(index=False)}")
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1))


def ears_from(model, link: EarLink, held_out: Cohort):
    """From positions to the ear inferred from the recordings there; all codes are worked out once, labels left out."""
    codes: Codes = codes_of(model.network, model_inputs(held_out, model.scaling))

    def ears_at(rows) -> Ear:
        rows = np.asarray(rows)
        none = np.full(len(rows), np.nan)
        return Ear(held_out.take(rows), codes[rows], (), none, none, none, None, None, link)

    return ears_at


def levels(model, ears_at, held_out: Cohort, truth: np.ndarray, count: int) -> list[dict]:
    """Errors at other levels of the same ear, by distance in level."""
    table = held_out.table
    level, ears = table[INTENSITY.name].to_numpy(float), ears_of(table)
    visit = pd.MultiIndex.from_arrays([ears, table["age_years"], table["stimulus_rate_per_s"]]).factorize()[0]
    rng = np.random.default_rng(0)
    rows = []
    for first in rng.permutation(len(held_out))[:count]:
        same = np.flatnonzero((visit == visit[first]) & (level != level[first]))
        same = same[np.unique(level[same], return_index=True)[1]]
        if not len(same):
            continue
        ear = ears_at([first])
        there = ear_responses(model, ear, table.iloc[same][list(CONDITION_NAMES)])
        usual = population(model, table.iloc[same][list(CONDITION_NAMES)])
        held = ear_code_held(model, ear, table.iloc[same][list(CONDITION_NAMES)])
        for k, target in enumerate(same):
            others = np.flatnonzero((ears == ears[first]) & (np.arange(len(ears)) != target))
            others = others[np.argsort(np.abs(level[others] - level[target]), kind="stable")]
            of_all = ears_at(others[:MOST_KNOWN])
            all_there = ear_responses(model, of_all, table.iloc[[target]][list(CONDITION_NAMES)])
            again = np.flatnonzero(
                (visit == visit[target]) & (level == level[target]) & (np.arange(len(ears)) != target)
            )
            guesses = {
                "population mean": usual[k],
                "code held": held[k],
                "this ear": there.mean[k],
                "this ear, from all its other recordings": all_there.mean[0],
                "the recording there": held_out.waveforms[target],
            }
            if len(again):
                guesses["a repeat there"] = held_out.waveforms[again[0]]
            true = truth[target]
            mark = true_wave_v(true, table.iloc[target], model)
            band = 1.645 * there.sd[k]
            for name, guess in guesses.items():
                row = error(guess, true, mark, model) | {"guess": name, "gap": abs(level[target] - level[first])}
                if name == "this ear":
                    row["band"] = float((np.abs(guess - true) < band).mean())
                    low, high = there.latency_low[k, V], there.latency_high[k, V]
                    row["interval"] = float(low <= mark <= high) if np.isfinite(mark) and np.isfinite(low) else np.nan
                rows.append(row)
    found = pd.DataFrame(rows)
    found["dB away"] = pd.cut(found["gap"], [0, 10, 20, 40, 100], labels=["1-10", "11-20", "21-40", "41-100"]).astype(
        str
    )
    return summary(found, "dB away") + summary(found.assign(**{"dB away": "all"}), "dB away")


def designed(model, ears_at, held_out: Cohort, seed: int, count: int) -> list[dict]:
    """The same ears, made again by the simulator at other rates and ages."""
    table = held_out.table
    chosen = np.flatnonzero((table[INTENSITY.name] >= 60) & (table["hearing_loss"] == "normal"))
    rows = []
    for first in np.random.default_rng(1).permutation(chosen)[:count]:
        record = table.iloc[first]
        ear = ears_at([first])
        changes = [("rate", {"stimulus_rate_per_s": rate}) for rate in (11.1, 21.1, 45.1, 61.1)]
        changes += [("age", {"age_years": record["age_years"] + later}) for later in (0.25, 1.0)]
        changes += [("age, decades", {"age_years": record["age_years"] + 30.0})]
        for what, change in changes:
            condition = {name: record[name] for name in CONDITION_NAMES} | change
            asked = pd.DataFrame([condition])
            true = response_of(record, condition, seed, model)
            mark = true_wave_v(true, record, model)
            guesses = {
                "population mean": population(model, asked)[0],
                "this ear": ear_responses(model, ear, asked).mean[0],
            }
            for name, guess in guesses.items():
                rows.append(error(guess, true, mark, model) | {"guess": name, "change": what})
    return summary(pd.DataFrame(rows), "change")


def middle_of_blends(model, ears_at, held_out: Cohort, count: int) -> list[dict]:
    """Size of wave V half way between two ears, over the mean of both ends, on a line and on an arc."""
    table = held_out.table
    loud = np.flatnonzero((table[INTENSITY.name] == 80) & (table["hearing_loss"] == "normal"))
    rng = np.random.default_rng(2)
    ratios = {"line": [], "arc": []}
    for _ in range(count):
        ears = [ears_at([i]) for i in rng.choice(loud, 2, replace=False)]
        along = blend(model, *ears, [0.0, 0.5, 1.0], ears[0].condition)
        size = along.mean.std(1)
        ratios["arc"].append(size[1] / (0.5 * (size[0] + size[2])))
        (mean_a, _, _), (mean_b, _, _) = (codes_at(model, ear, along.conditions.iloc[:1]) for ear in ears)
        static = torch.from_numpy(model.scaling.static(along.conditions.iloc[:1]))
        line = responses_of(model, (mean_a + mean_b) / 2, static)[0]
        ratios["line"].append(line.std() / (0.5 * (size[0] + size[2])))
    return [
        {"path": path, "size half way / mean of the ends": float(np.median(values))} for path, values in ratios.items()
    ]


def population(model, conditions: pd.DataFrame) -> np.ndarray:
    """[C, T] mean response over ears."""
    repeated = conditions.loc[conditions.index.repeat(POPULATION_DRAWS)].reset_index(drop=True)
    generator = block_generator(0, 0)
    drawn = draw(model, repeated, generator, ears=POPULATION_DRAWS)
    decoded = decode(model, drawn, repeated, generator, with_noise=False)
    return decoded.response.reshape(len(conditions), POPULATION_DRAWS, -1).mean(1).astype(float)


def ear_code_held(model, ear, conditions: pd.DataFrame) -> np.ndarray:
    """[C, T]: the recording's z, unchanged, under other conditions."""
    with torch.no_grad():
        z = latent_of(model.network, ear.codes.mean[:1], ear.codes.static[:1]).expand(len(conditions), -1)
        static = torch.from_numpy(model.scaling.static(conditions))
        return model.scaling.waveform_to_uv(model.network.decode(z, static).waveform).astype(float)


def response_of(record: pd.Series, condition: dict, seed: int, model) -> np.ndarray:
    """[T] the simulator's response of the ear behind a recording, under other conditions."""
    index = int(record["patient_id"].removeprefix("simulated-")) - 1
    who = np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, index]).spawn(6)[0]))
    patient = draw_patient(who, DEFAULT)
    patient.ages[:] = condition["age_years"]
    one = lambda value: np.array([value])  # noqa: E731
    series = Series(
        one(0), one(0 if record["ear"] == "right" else 1), one(condition[INTENSITY.name]),
        one(condition["stimulus_rate_per_s"]), one(0), one(0), one(0.0), one(0.0),
    )  # fmt: skip
    waveform = respond(np.random.default_rng(0), patient, series, DEFAULT).waveform_uv
    return waveform[0, : model.network.samples].astype(float)


def true_wave_v(true: np.ndarray, record: pd.Series, model) -> float:
    """Latency of the largest peak of the true response between 4.5 and 11 ms; NaN where wave V is hardly there."""
    latency, size = pick_wave(true[None], model.sampling, 7.5, 3.2)
    return float(latency[0]) if np.isfinite(size[0]) and size[0] >= SMALLEST_UV else np.nan


def error(guess: np.ndarray, true: np.ndarray, mark: float, model) -> dict:
    """Of one guess: RMSE in nV, correlation, wave V latency in ms."""
    found, _ = pick_wave(guess[None], model.sampling, mark, WITHIN_MS)
    flat = true.std() < 1e-3 or guess.std() < 1e-6
    return {
        "nV": 1000 * float(np.sqrt(((guess - true) ** 2).mean())),
        "r": np.nan if flat else float(np.corrcoef(guess, true)[0, 1]),
        "V ms": abs(float(found[0]) - mark),
    }


def summary(rows: pd.DataFrame, by: str) -> list[dict]:
    """Per group and guess: n, medians and means."""
    found = []
    for (group, guess), part in rows.groupby([by, "guess"], sort=False):
        row = {by: group, "guess": guess, "n": len(part), "RMSE nV": float(np.sqrt((part["nV"] ** 2).mean()))}
        row |= {"r mean": float(part["r"].mean()), "V error ms, median": float(part["V ms"].median())}
        row |= {"V error ms, mean": float(part["V ms"].mean())}
        for name in ("band", "interval"):
            row[f"90 % {name} holds"] = float(part[name].mean()) if name in part and part[name].notna().any() else None
        found.append(row)
    return found


if __name__ == "__main__":
    main()
