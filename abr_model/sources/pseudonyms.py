"""Patient identifiers become salted pseudonyms: the same person gets the same name, and nobody gets back.

The salt stays on the machine that imports. Without it a pseudonym cannot be found by trying all identifiers, which is
why a plain hash of a patient number would not do.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

from abr_model.data_folder import data_folder
from abr_model.errors import InputError

SALT_BYTES = 32
_DIGITS = {"patient": 12, "recording": 16}


def salt_file() -> Path:
    """``.salt`` in the data folder."""
    return data_folder() / ".salt"


def load_salt(path: str | Path | None = None) -> bytes:
    """The salt of this machine, made at first use and readable by its owner alone (mode 600).

    Parameters
    ----------
    path
        Where it lies; :func:`salt_file` when left out.

    Raises
    ------
    InputError
        The folder cannot be written, or the file is not a salt. It is never made anew over an existing one: the same
        patient would get two pseudonyms.
    """
    path = Path(path) if path is not None else salt_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _existing(path)
        salt = secrets.token_bytes(SALT_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(salt)
        return salt
    except OSError as error:
        raise InputError(
            "the salt for pseudonyms can be neither read nor made",
            file=path.name,
            allowed="a data folder that can be written (set ABR_DATA to one)",
        ) from error


def _existing(path: Path) -> bytes:
    for _ in range(20):  # another import may be writing it at this moment
        salt = path.read_bytes()
        if len(salt) == SALT_BYTES:
            return salt
        time.sleep(0.02)
    raise InputError(
        "the salt for pseudonyms is damaged",
        file=path.name,
        value=f"{len(salt)} bytes",
        allowed=f"{SALT_BYTES} bytes; restore it from a backup, or remove it and import everything again",
    )


def patient_pseudonym(identifier: str, salt: bytes) -> str:
    """``p_`` and 12 hex digits of HMAC-SHA256(salt, identifier).

    ``identifier`` is trimmed, and a whole number that a spreadsheet stored as ``123.0`` counts as ``123``, so that
    the same patient in a CSV and in an XLSX file gets the same pseudonym.
    """
    text = str(identifier).strip()
    if text.endswith(".0") and text[:-2].isdigit():
        text = text[:-2]
    return "p_" + _keyed("patient", text.encode(), salt)


def recording_pseudonym(trace: bytes, salt: bytes) -> str:
    """``r_`` and 16 hex digits made from the trace as it was read (float32, µV).

    Made from the content, so a recording keeps its name in every import and two equal names mean the same recording.
    """
    return "r_" + _keyed("recording", trace, salt)


def _keyed(purpose: str, content: bytes, salt: bytes) -> str:
    digest = hmac.new(salt, purpose.encode() + b"\0" + content, hashlib.sha256)
    return digest.hexdigest()[: _DIGITS[purpose]]
