"""``companion models``: which models there are, fetching one, and choosing the one to use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from companion.cli.options import (
    Common,
    DataFolder,
    ModelChoice,
    settings_of,
    spread,
    terminal_of,
)
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from companion.model_store import ModelStore

models = typer.Typer(
    name="models",
    help="The models that the companion can use: list, show, pull, use.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of “companion models list”.")]


@models.command("list")
@spread
def list_models(ctx: typer.Context, common: Common) -> None:
    """List the published models and those that are there; * marks the one in use."""
    settings = settings_of(ctx, common)
    from companion.model_store import CATALOGUE, ModelStore

    store = ModelStore(settings.data_folder)
    used, there = settings.engine.model_folder, store.names()
    values = [
        _entry(store, name, is_there=name in there, is_used=store.folder_of(name) == used)
        for name in dict.fromkeys((*there, *CATALOGUE))
    ]
    terminal_of(ctx).result("\n".join(_line(value) for value in values), values)


@models.command()
@spread
def show(
    ctx: typer.Context,
    common: Common,
    model: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|FOLDER]", help="A name, or a checkpoint's folder."),
    ] = None,
) -> None:
    """Say what a model is, by default the one in use; nothing is loaded."""
    choice = ModelChoice(model=None if model is None else Path(model))
    settings = settings_of(ctx, common, choice)
    from companion.model_store import ModelStore

    value = _description(ModelStore(settings.data_folder), settings.engine.model_folder)
    terminal_of(ctx).result("\n".join(_shown(value)), value)


@models.command()
def pull(
    ctx: typer.Context,
    name: Name,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag.", show_default="the newest")
    ] = None,
    data: DataFolder = None,
) -> None:
    """Fetch a published model from the Hugging Face hub; the only command that uses the network.

    Only JSON files and weights in safetensors form are fetched, never pickled ones. The commit is
    noted beside them.
    """
    settings = settings_of(ctx, data_folder=data, settle=False)
    from companion.model_store import ModelStore
    from companion.model_store.hub import HuggingFaceHub
    from companion.model_store.hub import pull as pull_model

    store, terminal = ModelStore(settings.data_folder), terminal_of(ctx)
    origin = pull_model(store, name, revision, HuggingFaceHub(), terminal.note)
    terminal.line(
        f"{name} ({origin.repository} at {origin.revision[:12]}) lies in {store.folder_of(name)}.\n"
        f"“companion models use {name}” makes it the one that is used."
    )


@models.command()
def use(ctx: typer.Context, name: Name, data: DataFolder = None) -> None:
    """Use a model wherever no other is named by --model or in the settings."""
    # The choice so far is not looked at: should the note about it be damaged, this mends it.
    settings = settings_of(ctx, data_folder=data, settle=False)
    from companion.model_store import ModelStore

    ModelStore(settings.data_folder).choose(name)
    terminal = terminal_of(ctx)
    terminal.line(f"{name} is used from now on. A companion that runs has to be restarted.")
    if "model_folder" in settings.engine.model_fields_set:
        terminal.note(
            f"The settings (engine.model_folder) name {settings.engine.model_folder}, though, and "
            "go first."
        )


def _entry(store: ModelStore, name: str, *, is_there: bool, is_used: bool) -> dict[str, Any]:
    from companion.model_store import CATALOGUE

    published = CATALOGUE.get(name)
    origin = store.origin(name) if is_there else None
    folder = store.folder_of(name)
    return {
        "name": name,
        "repository": published.repository if published else None,
        "about": published.about if published else None,
        "there": is_there,
        "used": is_used,
        "folder": str(folder) if is_there else None,
        "revision": origin.revision if origin else None,
        "size_bytes": _size_bytes(folder) if is_there else None,
    }


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _line(value: dict[str, Any]) -> str:
    mark = "*" if value["used"] else " "
    size = f"{value['size_bytes'] / 1e6:.0f} MB" if value["there"] else "not pulled"
    about = value["about"] or ("comes with the companion" if value["name"] == "bundled" else "")
    origin = f" ({value['repository']})" if value["repository"] else ""
    return f"{mark} {value['name']:<10} {size:>10}  {about}{origin}".rstrip()


def _description(store: ModelStore, folder: Path) -> dict[str, Any]:
    """What a checkpoint's files say.

    Raises:
        ModelMissing: There is none.
        CheckpointMismatch: They are damaged.
    """
    # Free of torch as long as nothing is loaded.
    from companion.engine import checkpoint
    from companion.engine.vocabulary import Vocabulary
    from companion.model_store import read_weights_header

    checkpoint.read_json(folder / checkpoint.CONFIG)
    weights = read_weights_header(folder)
    name = next((n for n in store.names() if store.folder_of(n) == folder), folder.resolve().name)
    origin = store.origin(name) if folder == store.folder / name else None
    family: str | None = None
    problem: str | None = None
    try:
        family = checkpoint.family_of(folder).name
        Vocabulary.from_file(folder / checkpoint.VOCABULARY)
    except CheckpointMismatch as error:
        problem = str(error)
    return {
        "name": name,
        "folder": str(folder),
        "family": family,
        "n_parameters": weights.n_parameters,
        "dtypes": list(weights.dtypes),
        "weights_bytes": weights.size_bytes,
        "digest": checkpoint.digest(folder),
        "repository": origin.repository if origin else None,
        "revision": origin.revision if origin else None,
        "can_run": problem is None,
        "problem": problem,
    }


def _shown(value: dict[str, Any]) -> list[str]:
    origin = f"{value['repository']} at {value['revision']}" if value["repository"] else "by hand"
    rows = {
        "name": value["name"],
        "folder": value["folder"],
        "family": value["family"] or "unknown",
        "parameters": f"{value['n_parameters'] / 1e6:.1f} M ({', '.join(value['dtypes'])})",
        "weights": f"{value['weights_bytes'] / 1e6:.1f} MB",
        "sha256": value["digest"],
        "origin": "comes with the companion" if value["name"] == "bundled" else origin,
        "can be run": "yes" if value["can_run"] else f"no: {value['problem']}",
    }
    return [f"{name:<11} {text}" for name, text in rows.items()]
