"""A small clinic in the shape of the Eclipse research export, made here: no patient is in it."""

from __future__ import annotations

import csv

import numpy as np
import openpyxl
import pytest

METADATA = [
    *("ID", "Name", "Patient_ID", "Stimulus Side", "Age", "Birth Date", "Frequency", "Gender", "Intensity", "Protocol"),
    *("Stimulus Polarity", "Stimulus Rate", "Stimulus Type", "Sweeps Measured", "Sweeps Rejected", "Test Date"),
    *("Hear Loss - Left", "Hear Loss - Right", "Hear_Loss", "I Latancy", "I Amplitude", "III Latancy"),
    *("III Amplitude", "V Latancy", "V Amplitude", "FMP", "High pass hardware", "Low Pass hardware", "ResNo"),
]
SAMPLES = 467
RATE_HZ = 15_000.0
NAMES = ("Ayse Yilmaz", "Mehmet Demir", "Zeynep Kaya")
NUMBERS = ("98765001", "98765002", "98765003")
BIRTHS = ("1987-05-02", "2019-11-30", "2020-01-09")


@pytest.fixture
def clinic():
    """``clinic(n)`` → list of n rows (dict: column → cell) of three patients, wave V marked on its peak."""

    def make(n: int = 12) -> list[dict]:
        random = np.random.default_rng(3)
        time_ms = np.arange(SAMPLES) / RATE_HZ * 1000
        rows = []
        for i in range(n):
            latency = round(6.0 + 0.1 * (i % 12), 2)
            trace = 0.4 * np.exp(-(((time_ms - latency) / 0.35) ** 2)) + random.normal(0, 0.002, SAMPLES)
            person = i % 3
            row = dict.fromkeys(METADATA, "")
            row |= {
                "ID": i + 1,
                "Name": NAMES[person],
                "Patient_ID": int(NUMBERS[person]),
                "Stimulus Side": ("Right", "Left")[i % 2],
                "Age": (34.5, 0, 2.25)[person],
                "Birth Date": BIRTHS[person],
                "Frequency": "Click",
                "Gender": ("Female", "Male", "Female")[person],
                "Intensity": 20 + 5 * (i % 12),
                "Protocol": "ABR threshold",
                "Stimulus Polarity": ("Alternate", "Rarefaction", "Condensation")[i % 3],
                "Stimulus Rate": 33.1,
                "Stimulus Type": "Click",
                "Sweeps Measured": 2000,
                "Sweeps Rejected": 12,
                "Test Date": "2021-03-04",
                "Hear Loss - Left": "NORMAL",
                "Hear Loss - Right": "NORMAL",
                "Hear_Loss": ("NORMAL", "SNIK", "ITIK", "TOTAL", "NOROPATI")[i % 5],
                "I Latancy": 0,
                "I Amplitude": 0,
                "III Latancy": 0,
                "III Amplitude": 0,
                "V Latancy": latency,
                "V Amplitude": 0.42,
                "FMP": 0 if i == 1 else 3.25,
                "High pass hardware": 33,
                "Low Pass hardware": 1500,
                "ResNo": 38.5,
            }
            row |= {str(k + 1): round(float(x), 5) for k, x in enumerate(trace)}
            rows.append(row)
        return rows

    return make


@pytest.fixture
def write_csv(tmp_path):
    """``write_csv(rows, name, delimiter, decimal, encoding)`` → path."""

    def write(rows, name="export.csv", delimiter=",", decimal=".", encoding="utf-8"):
        path = tmp_path / name
        with path.open("w", newline="", encoding=encoding) as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(rows[0])
            for row in rows:
                writer.writerow(
                    [
                        str(c).replace(".", decimal) if isinstance(c, float) and decimal != "." else c
                        for c in row.values()
                    ]
                )
        return path

    return write


@pytest.fixture
def write_xlsx(tmp_path):
    """``write_xlsx(rows, name)`` → path of a workbook whose second sheet holds the export."""

    def write(rows, name="export.xlsx"):
        workbook = openpyxl.Workbook()
        workbook.active.append(["about this export"])
        sheet = workbook.create_sheet("recordings")
        sheet.append([int(c) if c.isdigit() else c for c in rows[0]])
        for row in rows:
            sheet.append([None if cell == "" else cell for cell in row.values()])
        path = tmp_path / name
        workbook.save(path)
        return path

    return write


@pytest.fixture
def smartep_text():
    """``smartep_text(...)`` → a SmartEP text export of two recordings, 64 points, time zero at point 9."""

    def make(
        points=64, zero="9", periods=("50.00", "50.00"), intensities=("60", "30"), identifier="JANE-DOE-1987", **more
    ):
        values = {
            "Identifier:": (identifier, identifier),
            "File Name:": ("JDOE60.1", "JDOE30.1"),
            "Ear:": ("R", "L"),
            "Intensity:": intensities,
            "Stim. Rate:": (" 37.10", " 37.10"),
            "Sweeps:": ("500", "1000"),
            "Artifacts:": ("0", "17"),
            "Smp. Period:": periods,
            "Zero Position:": (zero, zero),
        }
        values |= more
        lines = [key + "".join(f",{v},,,,," for v in pair) for key, pair in values.items() if pair is not None]
        names = "Average:,Average(uV):,Buffer1:,Buffer1(uV):,Buffer2:,Buffer2(uV):"
        lines.append(f"Data Pnt:,{names},{names}")
        for point in range(1, points + 1):
            cells = []
            for recording, period in enumerate(periods):
                time = (point - 9) * float(period or 50) / 1000
                signal = (recording + 1) * 0.1 * np.sin(2 * np.pi * 0.5 * time)
                one, two = round(signal + 0.03, 4), round(signal - 0.03, 4)
                cells += ["0", f"{(one + two) / 2:.4f}", "0", f"{one:.4f}", "0", f"{two:.4f}"]
            lines.append(f"{point:4d}," + ",".join(f"{c:>10}" for c in cells))
        return "\n".join(lines) + "\n"

    return make
