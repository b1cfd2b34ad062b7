"""The built overlay, read into memory once, and the headers it is served with."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".map": "application/json",
    ".txt": "text/plain; charset=utf-8",
}

_NOT_BUILT: Final = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>osu! companion</title>
<p>The companion is running, but its overlay has not been built.
Run <code>npm run build</code> in the folder <code>overlay</code>, then start it again.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served."""

    content_type: str
    body: bytes


def load_static_files(folder: Path) -> Mapping[str, StaticFile]:
    """All files under a folder, by URL path; a page that says so when nothing was built."""
    files: dict[str, StaticFile] = {}
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = "/" + path.relative_to(folder).as_posix()
                files[name] = StaticFile(_content_type(path), path.read_bytes())
    files.setdefault("/index.html", StaticFile(_TYPES[".html"], _NOT_BUILT))
    files["/"] = files["/index.html"]
    return files


def security_headers(port: int) -> dict[str, str]:
    """Headers of every HTTP answer: foreign text in a map must never become markup or script."""
    sockets = f"ws://127.0.0.1:{port} ws://localhost:{port}"
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src 'self' {sockets}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }


def _content_type(path: Path) -> str:
    known = _TYPES.get(path.suffix.lower())
    return known or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
