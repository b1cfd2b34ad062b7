"""osu! companion: live modding and section regeneration beside the osu! beatmap editor."""

__version__ = "0.1.0"
