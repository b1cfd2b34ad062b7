"""The overlay's files in memory."""

from __future__ import annotations

from companion.bridge.static_files import load_static_files
from companion.daemon import STATIC_FOLDER


def test_files_are_served_by_their_place_with_their_type(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(b"<p>")
    (tmp_path / "assets" / "x.js").write_bytes(b"1")
    (tmp_path / "assets" / "y.unknown").write_bytes(b"2")
    files = load_static_files(tmp_path)
    assert files["/"] is files["/index.html"]
    assert files["/assets/x.js"].content_type.startswith("text/javascript")
    assert files["/assets/y.unknown"].content_type == "application/octet-stream"
    assert set(files) == {"/", "/index.html", "/assets/x.js", "/assets/y.unknown"}


def test_without_a_build_there_is_a_page_that_says_so(tmp_path):
    assert b"has not been built" in load_static_files(tmp_path / "none")["/"].body


def test_the_committed_overlay_is_there_and_has_no_inline_script():
    page = load_static_files(STATIC_FOLDER)["/"].body
    assert b"<script" in page
    assert b"</script>" in page.split(b"<script", 1)[1].split(b">", 1)[1][:20]
