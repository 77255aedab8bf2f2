"""Which model is in use for generation: one choice for everybody who works with this data folder.

It is a small file of the data folder, so it survives a reload, a restart of the dashboard and a change of the machine's
mount points: it holds the place of the model within the data folder, not an absolute path. A session that chooses
another model for itself (in the sidebar) keeps its own choice.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from abr_model.data_folder import data_folder, pretrained_folder
from abr_model.errors import InputError

FILE = "model_in_use.json"
_DATA, _SHIPPED = "data", "shipped"


def model_in_use() -> Path | None:
    """Folder of the model in use; None when none was chosen, or it has been deleted since."""
    try:
        written = json.loads((data_folder() / FILE).read_text(encoding="utf-8"))
        root = {_DATA: data_folder, _SHIPPED: pretrained_folder}[written["in"]]()
        folder = (root / written["folder"]).resolve()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    inside = folder.is_relative_to(root.resolve())
    return folder if inside and (folder / "model.json").is_file() else None


def is_in_use(folder: str | Path) -> bool:
    """Whether the model in ``folder`` is the one in use."""
    return (used := model_in_use()) is not None and used == Path(folder).resolve()


def set_model_in_use(folder: str | Path) -> None:
    """Generate with this model from now on, in every new session.

    Raises
    ------
    InputError
        It is no model, it lies outside of the data folder, it is that of a dry run, or the choice cannot be written.
    """
    folder = Path(folder).resolve()
    if not (folder / "model.json").is_file():
        raise InputError("the run has no model", value=_name(folder), allowed="a run that has finished or was stopped")
    if is_of_dry_run(folder):
        raise InputError(
            "the model of a dry run is not used for generation: it has hardly learned anything", value=_name(folder)
        )
    for name, root in ((_DATA, data_folder()), (_SHIPPED, pretrained_folder())):
        if folder.is_relative_to(root.resolve()):
            _write({"in": name, "folder": folder.relative_to(root.resolve()).as_posix()})
            return
    raise InputError("the model lies outside of the data folder", value=_name(folder))


def forget_model_in_use() -> None:
    """Generate with the first model that there is, as before any was chosen."""
    (data_folder() / FILE).unlink(missing_ok=True)


def is_of_dry_run(folder: str | Path) -> bool:
    """Whether a model folder belongs to a run that was only made to see whether everything works."""
    run_folder = Path(folder).parent
    if not (run_folder / "config.yaml").is_file():
        return False
    from abr_model.runs.run import Run

    try:
        return Run(run_folder).config.dry_run
    except InputError:
        return False


def _write(choice: dict[str, str]) -> None:
    target = data_folder() / FILE
    # One file a writer: two sessions of the dashboard are threads of one process.
    partial = target.with_name(f".{FILE}.{secrets.token_hex(4)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(choice), encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise InputError(f"the choice of the model cannot be kept: {error.strerror}", file=FILE) from error
    finally:
        partial.unlink(missing_ok=True)


def _name(folder: Path) -> str:
    return folder.parent.name if folder.name == "model" else folder.name
