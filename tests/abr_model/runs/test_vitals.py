from __future__ import annotations

import json

from abr_model.runs.vitals import VITALS_FILE, Gpu, latest_vitals, read_vitals

ROW = {"time": 100.0, "trainer_cpu_percent": 98.5, "trainer_memory_bytes": 5, "disk_free_bytes": 7, "gpus": []}


def write(folder, *rows, torn=""):
    path = folder / VITALS_FILE
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
        file.write(torn)


def test_rows_are_read_from_where_one_left_off(tmp_path):
    assert read_vitals(tmp_path) == ([], 0)
    write(tmp_path, ROW)
    first, offset = read_vitals(tmp_path)
    assert [(v.time, v.trainer_cpu_percent, v.cpu_percent) for v in first] == [(100.0, 98.5, None)]
    write(tmp_path, ROW | {"time": 105.0}, torn='{"time": 11')
    second, offset = read_vitals(tmp_path, offset)
    assert [v.time for v in second] == [105.0]
    write(tmp_path, torn="0.0}\n")
    assert [v.time for v in read_vitals(tmp_path, offset)[0]] == [110.0]


def test_the_latest_is_the_last_whole_row(tmp_path):
    assert latest_vitals(tmp_path) is None
    write(tmp_path, *(ROW | {"time": float(i)} for i in range(400)), torn='{"time": 999.0}')
    assert latest_vitals(tmp_path).time == 399.0
    assert latest_vitals(tmp_path).seconds_old(now=409.0) == 10.0


def test_rows_that_are_none_are_passed_over(tmp_path):
    write(tmp_path, ROW, {"no": "time"}, [1], {"time": "soon"}, ROW | {"gpus": [{"name": "half a row"}]})
    assert [v.time for v in read_vitals(tmp_path)[0]] == [100.0]
    assert latest_vitals(tmp_path).time == 100.0


def test_gpus_and_what_a_newer_version_writes(tmp_path):
    gpu = {"name": "H100", "load_percent": None, "memory_used_bytes": 1, "memory_total_bytes": 2, "new": 3}
    write(tmp_path, ROW | {"gpus": [gpu], "fan": 3})
    assert latest_vitals(tmp_path).gpus == (Gpu("H100", None, 1, 2),)
