"""``companion generate``: a whole difficulty."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path  # noqa: TC003 - typer reads annotations when it runs
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from companion.cli.map_wish import MapWish
from companion.cli.options import (
    Common,
    ModelChoice,
    config_of,
    settings_of,
    spread,
    terminal_of,
)
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from companion.settings import Settings


class GroupedHelp(TyperCommand):
    """Lists the options under headings: there are too many for one list."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options into the help."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "rich_help_panel", None)
                groups.setdefault(panel or "Options", []).append(record)
        for name, records in groups.items():
            with formatter.section(name):
                formatter.write_dl(records)


def wish_over(settings: Settings, flags: MapWish, config: Path | None) -> MapWish:
    """The flags over what the table ``[generate]`` of the settings says.

    Raises:
        OptionRefused: The table has a key that there is not, or a value of another type.
    """
    if "acknowledge" in settings.generate:
        raise OptionRefused(
            "That the note on osu!'s AI policy has been read is said when it is shown, or with "
            "--acknowledge; a settings file cannot say it."
        )
    from companion.settings import read_table

    stated = read_table(MapWish, "generate", settings.generate, file=config)
    given = {
        field.name: getattr(flags, field.name)
        for field in fields(flags)
        if getattr(flags, field.name) not in (None, [])
    }
    return replace(stated, **given)


@spread
def generate(
    ctx: typer.Context,
    wish: MapWish,
    common: Common,
    model: ModelChoice,
    song_or_map: Annotated[
        Path | None,
        typer.Argument(metavar="AUDIO|MAP", help="A song, or an .osu file with its song."),
    ] = None,
) -> None:
    """Write a whole difficulty: for MAP's song with its timing, or for a song alone.

    All options may also stand in the settings file, in a table [generate], by their names with
    underscores; what is given here goes first.
    """
    settings = settings_of(ctx, common, model)
    from companion.cli.generating import generate_map

    wish = wish_over(settings, wish, config_of(ctx))
    generate_map(settings, terminal_of(ctx), song_or_map, wish)
