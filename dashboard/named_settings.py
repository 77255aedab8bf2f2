"""Settings of the Generation page under a name: some that a clinic knows, and a person's own, kept in the data folder.

A name stands on the screen of everybody who works with this data folder, so it must say nothing of a patient.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from filelock import FileLock

from abr_model.data_folder import data_folder
from abr_model.errors import InputError

FILE = "named_settings.json"
LONGEST_NAME = 60
MOST = 200
USUAL = {
    "Newborn screening, 35 dB nHL": {"age": "newborn", "level": "35"},
    "Newborn, 80 dB nHL": {"age": "newborn"},
    "Infant of 6 months, threshold search at 30 dB nHL": {"age": "6-months", "level": "30"},
    "Adult, click at 80 dB nHL": {"age": "30-years"},
    "Adult, slow rate 11.1 /s (neurological)": {"age": "30-years", "rate": "11.1"},
    "Adult, sensorineural loss at 60 dB nHL": {"age": "50-years", "level": "60", "hearing": "sensorineural"},
    "Recordings as from the device, 2,000 sweeps": {"show": "recordings", "draws": "6", "sweeps": "2000"},
}
"""Settings as they stand in an address, by name."""


def named_settings() -> dict[str, dict[str, str]]:
    """Those of this data folder, in the order in which they were kept; none where the file cannot be read."""
    try:
        kept = json.loads((data_folder() / FILE).read_text(encoding="utf-8"))
        return {str(name): {str(key): str(value) for key, value in address.items()} for name, address in kept.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def keep_settings(name: str, address: Mapping[str, str]) -> str:
    """Keep settings under a name; one that is there is replaced. Gives the name as it was kept.

    Raises
    ------
    InputError
        A name that is empty, too long or one of :data:`USUAL`; too many names; a folder that cannot be written.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError("the name is not allowed", value=name, allowed=f"1 to {LONGEST_NAME} characters")
    if name in USUAL:
        raise InputError("the name is taken", value=name, allowed="a name of your own")

    def change(kept: dict) -> None:
        if len(kept) >= MOST and name not in kept:
            raise InputError("there are too many named settings", value=len(kept), allowed=f"{MOST} at most")
        kept[name] = dict(address)

    _change(change)
    return name


def forget_settings(name: str) -> None:
    """Delete settings that were kept; nothing happens where there are none of that name.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    _change(lambda kept: kept.pop(name, None))


def _change(change) -> None:
    target = data_folder() / FILE
    partial = target.with_name(f".{FILE}.{secrets.token_hex(4)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{FILE}.lock")):  # two sessions may keep settings at once
            kept = named_settings()
            change(kept)
            partial.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
            partial.replace(target)
    except OSError as error:
        raise InputError(f"the settings cannot be kept: {error.strerror}", file=FILE) from error
    finally:
        partial.unlink(missing_ok=True)
