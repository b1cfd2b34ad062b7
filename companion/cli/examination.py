"""``companion doctor``: what is installed, what will be used, and what is wrong."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import webbrowser
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from companion import __version__
from companion.cli import workbench
from companion.errors import CompanionError
from companion.settings import config_file

if TYPE_CHECKING:
    from companion.cli.terminal import Terminal
    from companion.settings import Settings

PACKAGES: Final = ("torch", "torchaudio", "transformers", "numpy", "soundfile", "websockets")
LOW_SPACE_BYTES: Final = 200 * 10**6
_STATIC: Final = Path(__file__).parent.parent / "bridge" / "static" / "index.html"


@dataclass(slots=True)
class Report:
    """What was found, line by line for a person and as values for a script."""

    lines: list[tuple[str, str]] = field(default_factory=lambda: list[tuple[str, str]]())
    values: dict[str, Any] = field(default_factory=lambda: dict[str, Any]())
    problems: list[str] = field(default_factory=lambda: list[str]())

    def add(self, key: str, text: str, value: object) -> None:
        """Something found."""
        self.lines.append((key, text))
        self.values[key] = value

    def text(self) -> str:
        """All of it, as a table."""
        width = max(len(key) for key, _ in self.lines)
        table = [f"{key.replace('_', ' '):<{width}}  {text}" for key, text in self.lines]
        wrong = [f"problem: {problem}" for problem in self.problems] or ["everything is in place"]
        return "\n".join([*table, "", *wrong])


def print_report(settings: Settings, terminal: Terminal) -> None:
    """Print what was found; exit status 2 when something keeps the companion from working."""
    report = Report()
    _software(report)
    _model(report, settings)
    _folders(report, settings)
    _overlay(report, settings)
    terminal.result(report.text(), {**report.values, "problems": report.problems})
    if report.problems:
        raise typer.Exit(2)


def _software(report: Report) -> None:
    report.add("companion", __version__, __version__)
    python = platform.python_version()
    report.add("python", f"{python} ({sys.executable})", python)
    system = platform.platform()
    report.add("system", f"{system}, {os.cpu_count()} CPU cores", system)
    versions = {name: _installed(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    shown = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    report.add("packages", shown, versions)
    if missing:
        report.problems.append(
            f"not installed: {', '.join(missing)}. python scripts/run.py installs what is missing."
        )


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _model(report: Report, settings: Settings) -> None:
    """Load the model, which also says on what it runs."""
    folder = settings.engine.model_folder
    report.add("model_folder", str(folder), str(folder))
    try:
        from companion.engine.checkpoint import choose_device

        device = str(choose_device(settings.engine.device))
        report.add("device", device, device)
        info = workbench.make_engine(settings).load()
    except CompanionError as error:
        report.add("model", "none", None)
        report.problems.append(str(error))
        return
    report.add(
        "model",
        f"{info.name} ({info.family}, {info.n_parameters / 1e6:.1f} M parameters, "
        f"{info.digest[:12]})",
        {
            "name": info.name,
            "family": info.family,
            "n_parameters": info.n_parameters,
            "digest": info.digest,
        },
    )


def _folders(report: Report, settings: Settings) -> None:
    data = settings.data_folder
    existing = next(folder for folder in (data, *data.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    report.add(
        "data_folder", f"{data} ({free / 1e9:.1f} GB free)", {"path": str(data), "free_bytes": free}
    )
    if not os.access(existing, os.W_OK):
        report.problems.append(f"{data} cannot be written; backups need it. Choose another: --data")
    if free < LOW_SPACE_BYTES:
        report.problems.append(f"the disk of {data} is nearly full; backups need room.")
    config = config_file()
    exists = config.is_file()
    report.add(
        "settings_file",
        f"{config}" if exists else f"{config} (there is none, which is fine)",
        {"path": str(config), "exists": exists},
    )
    songs = settings.songs_folder
    report.add("songs_folder", str(songs or "not found; --songs names it"), songs and str(songs))
    if songs is not None and not songs.is_dir():
        report.problems.append(f"there is no folder {songs}.")


def _overlay(report: Report, settings: Settings) -> None:
    free = _is_free(settings.port)
    state = "free" if free else "in use, probably by a companion that is running"
    report.add("port", f"{settings.port} ({state})", {"number": settings.port, "free": free})
    built = _STATIC.is_file()
    report.add("overlay", "built" if built else "not built", built)
    if not built:
        report.problems.append("the overlay is not built: npm ci && npm run build in overlay/")
    browser = find_browser()
    report.add("browser", browser or "none found; open the printed address yourself", browser)
    report.add("modding_only", "on" if settings.modding_only else "off", settings.modding_only)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_browser() -> str | None:
    """The browser that would be opened; ``None`` on a machine without one or without a screen."""
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return None
    try:
        return getattr(webbrowser.get(), "name", None) or "the system's browser"
    except webbrowser.Error:
        return None
