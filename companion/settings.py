"""One frozen tree of settings, merged from flags, the environment, a TOML file and defaults.

A flag wins over the environment (``COMPANION_PORT``, ``COMPANION_ENGINE__DEVICE``), which wins over
the file (``companion.toml`` in the user's configuration folder, or wherever ``COMPANION_CONFIG``
points), which wins over the defaults below.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

APP_NAME = "osu-companion"
DEFAULT_PORT = 24727
ENV_PREFIX = "COMPANION_"
CONFIG_VARIABLE = "COMPANION_CONFIG"
BUNDLED_MODEL_FOLDER = Path(__file__).parent / "models" / "bundled"

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["fp32", "bf16", "amp"]

_Options = TypeVar("_Options")


class EngineSettings(BaseModel):
    """Where the model is and what it runs on."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model_folder: Path = BUNDLED_MODEL_FOLDER
    """Folder of the checkpoint (config.json, tokenizer.json, weights), or a model's name.

    Names are made folders by `companion.model_store`, which also fills in what “companion models
    use” has chosen where nothing is given here.
    """

    lora: Path | None = None
    """Folder of a LoRA adapter (peft's format) that changes the checkpoint's weights."""

    device: Device = "auto"
    """``auto`` takes a GPU where there is one."""

    precision: Precision = "fp32"
    """``bf16`` holds and computes everything in bfloat16, ``amp`` only products; both are quicker
    where the device computes in bfloat16, and less exact."""

    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    """CPU threads of the model; without a value torch decides."""

    idle_unload_s: Annotated[float, Field(gt=0)] = 600.0
    """The model gives its memory back after so much time without work."""

    @field_validator("model_folder", "lora")
    @classmethod
    def _expand_home(cls, folder: Path | None) -> Path | None:
        return None if folder is None else folder.expanduser()


def _default_data_folder() -> Path:
    return platformdirs.user_data_path(APP_NAME, appauthor=False)


class Settings(BaseSettings):
    """Everything about the companion that a mapper can choose."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
    )

    port: Annotated[int, Field(ge=0, le=65535)] = DEFAULT_PORT
    """Loopback port of the overlay and its WebSocket; 0 takes any free one."""

    songs_folder: Path | None = Field(default_factory=lambda: default_songs_folder())
    """osu!'s Songs folder; ``None`` when it was not given and not found."""

    data_folder: Path = Field(default_factory=_default_data_folder)
    """Backups, undo, provenance journal and dismissed findings live here."""

    modding_only: bool = False
    """Hides and refuses every action that writes generated content, for all maps."""

    open_browser: bool = True
    """Open the overlay in a browser when the companion starts."""

    engine: EngineSettings = EngineSettings()

    generate: dict[str, Any] = Field(default_factory=dict)
    """Options of “companion generate”, by their names with underscores; flags win over them."""

    @field_validator("songs_folder", "data_folder")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        # What the journal remembers of a map has to be found from any working directory.
        return None if folder is None else folder.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the TOML file; no .env and no secret files."""
        file = TomlConfigSettingsSource(settings_cls)
        return (init_settings, env_settings, file)


def config_file() -> Path:
    """The TOML file that settings are read from; it need not exist."""
    chosen = os.environ.get(CONFIG_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / "companion.toml"


def default_songs_folder() -> Path | None:
    """The Songs folder of an osu!stable install at one of its usual places, or ``None``."""
    for install in _usual_installs():
        songs = install / _beatmap_directory(install)  # an absolute one replaces the install
        if songs.is_dir():
            return songs
    return None


def _usual_installs() -> list[Path]:
    installs = [Path.home() / ".osu", Path.home() / ".local/share/osu-wine/osu!"]
    local_app_data = os.environ.get("LOCALAPPDATA")
    if local_app_data:
        installs.insert(0, Path(local_app_data) / "osu!")
    # osu-winello writes down where it put the game
    noted = Path.home() / ".local/share/osuconfig/osupath"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        installs.insert(0, Path(noted.read_text(encoding="utf-8").strip()))
    return installs


def _beatmap_directory(install: Path) -> str:
    """``BeatmapDirectory`` of the newest ``osu!.<user>.cfg``; ``Songs`` where there is none."""
    with contextlib.suppress(OSError):
        for file in sorted(install.glob("osu!.*.cfg"), key=lambda f: -f.stat().st_mtime):
            text = file.read_text(encoding="utf-8", errors="replace")
            found = re.search(r"^BeatmapDirectory\s*=\s*(.+?)\s*$", text, re.MULTILINE)
            if found:
                return found[1]
    return "Songs"


def load_settings(flags: Mapping[str, Any] | None = None, *, file: Path | None = None) -> Settings:
    """Merge all sources.

    Args:
        flags: What was given on the command line, by setting name, nested like the tree; ``None``
            values count as not given.
        file: The TOML file instead of `config_file()`.

    Raises:
        OptionRefused: A value is wrong; the message names the setting and where it came from.
    """
    given = _without_none(flags or {})
    path = file or config_file()

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return FromFile(**given)
    except ValidationError as error:
        reasons = "; ".join(_explain(detail, given, path) for detail in error.errors())
        raise OptionRefused(reasons) from error
    except tomllib.TOMLDecodeError as error:
        message = f"The settings file {path} is not valid TOML: {error}."
        raise OptionRefused(message) from error
    except SettingsError as error:
        cause = error.__cause__ or error
        raise OptionRefused(f"A {ENV_PREFIX}… variable cannot be read: {cause}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise OptionRefused(f"The settings file {path} cannot be read: {error}.") from error


def _without_none(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that were given; an empty branch of the tree is left out too."""
    given: dict[str, Any] = {}
    for name, value in flags.items():
        if isinstance(value, dict):
            branch = _without_none(value)  # pyright: ignore[reportUnknownArgumentType]
            if branch:
                given[name] = branch
        elif value is not None:
            given[name] = value
    return given


def read_table(
    kind: type[_Options], name: str, values: Mapping[str, Any], *, file: Path | None = None
) -> _Options:
    """One table of the settings as a dataclass of options.

    Args:
        kind: The dataclass; says which keys there are and of what type.
        name: The table's.
        values: What stands in it.
        file: The TOML file instead of `config_file()`, for the message.

    Raises:
        OptionRefused: There is no such key, or its value is of another type.
    """
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        path = file or config_file()
        known = TypeAdapter(kind).json_schema()["properties"]
        reasons = [
            _explain({**detail, "loc": (name, *detail["loc"])}, {}, path, known)
            for detail in error.errors()
        ]
        raise OptionRefused("; ".join(reasons)) from error


def _explain(
    detail: ErrorDetails,
    flags: Mapping[str, Any],
    file: Path,
    known: Iterable[str] | None = None,
) -> str:
    """One sentence about one wrong value: which setting, what is wrong, where it was given."""
    keys = [str(part) for part in detail["loc"]]
    name = ".".join(keys) or "settings"
    origin = _origin(keys, flags, file)
    if detail["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        names = _names_beside(keys) if known is None else known
        nearest = difflib.get_close_matches(keys[-1].replace("-", "_"), list(names), n=1)
        hint = f" Did you mean '{'.'.join([*keys[:-1], nearest[0]])}'?" if nearest else ""
        return f"There is no setting '{name}' ({origin}).{hint}"
    problem = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    problem = problem.split(", unable")[0]
    return f"The setting '{name}' should be {problem}, not {detail['input']!r} ({origin})."


def _names_beside(keys: list[str]) -> Iterable[str]:
    """What settings there are in the branch of the tree that a key stands in."""
    branch: type[BaseModel] = EngineSettings if keys[:-1] == ["engine"] else Settings
    return branch.model_fields


def _origin(keys: list[str], flags: Mapping[str, Any], file: Path) -> str:
    """Where a wrong value came from, in the order in which sources win."""
    branch: Any = flags
    for key in keys:
        if not isinstance(branch, dict) or key not in branch:
            break
        branch = branch[key]  # pyright: ignore[reportUnknownVariableType]
    else:
        return "given as an option"
    variable = ENV_PREFIX + "__".join(keys).upper()
    if any(name.upper() == variable for name in os.environ):
        return f"from the environment variable {variable}"
    return f"from {file}"
