from __future__ import annotations

import errno
import json
import struct
from typing import TYPE_CHECKING

import pytest

from companion.errors import DownloadFailed, OptionRefused
from companion.model_store import ModelStore, Origin
from companion.model_store.hub import HuggingFaceHub, Listing, pull

if TYPE_CHECKING:
    from pathlib import Path

SHA = "b" * 40
HEADER = json.dumps({"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
CONTENT = {
    "config.json": b'{"backbone_model_name": "openai/whisper-small"}',
    "tokenizer.json": b"{}",
    "model.safetensors": struct.pack("<Q", len(HEADER)) + HEADER + b"\0\0",
    "gamemode=1/model.safetensors": struct.pack("<Q", len(HEADER)) + HEADER + b"\0\0",
    "custom_checkpoint_0.pkl": b"cos\nsystem\n",
    "pytorch_model.bin": b"PK",
    "training.py": b"import os",
    "README.md": b"",
    ".secret.json": b"{}",
    "../evil.json": b"{}",
    "/evil.json": b"{}",
    "a/b/deep.json": b"{}",
    "c:evil.json": b"{}",
    "..\\evil.json": b"{}",
}
TAKEN = {"config.json", "tokenizer.json", "model.safetensors", "gamemode=1/model.safetensors"}


class ScriptedHub:
    """A hub with one repository at one commit."""

    def __init__(self, content: dict[str, bytes] | None = None, sha: str = SHA) -> None:
        self.content = CONTENT if content is None else content
        self.sha = sha
        self.asked: list[tuple[str, str | None]] = []
        self.fetched: list[str] = []
        self.fail_at: dict[str, BaseException] = {}

    def listing(self, repository: str, revision: str | None) -> Listing:
        self.asked.append((repository, revision))
        return Listing(self.sha, tuple(self.content))

    def fetch(self, repository: str, revision: str, file: str, folder: Path) -> None:
        assert revision == self.sha
        if file in self.fail_at:
            (folder / ".cache").mkdir(exist_ok=True)
            raise self.fail_at[file]
        self.fetched.append(file)
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.content[file])
        (folder / ".cache").mkdir(exist_ok=True)  # what the real client leaves


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "data")


def pull_v29(store: ModelStore, hub: ScriptedHub, revision: str | None = None) -> Origin:
    return pull(store, "v29", revision, hub, lambda _: None)


def test_only_weights_and_json_are_fetched(store: ModelStore):
    hub = ScriptedHub()
    origin = pull_v29(store, hub, "main")
    assert hub.asked == [("OliBomby/Mapperatorinator-v29.1", "main")]
    assert set(hub.fetched) == TAKEN
    folder = store.folder_of("v29")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == TAKEN | {"origin.json"}
    assert not (folder / ".cache").exists()
    assert store.origin("v29") == origin == Origin("OliBomby/Mapperatorinator-v29.1", SHA)
    assert [p.name for p in store.folder.iterdir()] == ["v29"]


def test_the_same_commit_is_not_fetched_twice_and_another_one_is(store: ModelStore):
    pull_v29(store, ScriptedHub())
    again = ScriptedHub()
    pull_v29(store, again)
    assert again.fetched == []
    newer = ScriptedHub(sha="c" * 40)
    assert pull_v29(store, newer).revision == "c" * 40
    assert newer.fetched


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DownloadFailed("broke off")], ids=repr)
def test_what_breaks_off_leaves_nothing_half_done(store: ModelStore, error: BaseException):
    hub = ScriptedHub()
    hub.fail_at["model.safetensors"] = error
    with pytest.raises(type(error)):
        pull_v29(store, hub)
    assert list(store.folder.iterdir()) == []
    assert not store.has("v29")


def test_pickled_weights_alone_are_no_model(store: ModelStore):
    hub = ScriptedHub({"config.json": b"{}", "pytorch_model.bin": b"PK"})
    with pytest.raises(DownloadFailed, match="foreign code"):
        pull_v29(store, hub)
    assert hub.fetched == []


def test_damaged_weights_do_not_take_the_place_of_the_old_ones(store: ModelStore):
    pull_v29(store, ScriptedHub())
    damaged = {**CONTENT, "model.safetensors": b"\xff" * 8 + b"{}"}
    with pytest.raises(DownloadFailed, match="no model"):
        pull_v29(store, ScriptedHub(damaged, "c" * 40))
    assert store.origin("v29") == Origin("OliBomby/Mapperatorinator-v29.1", SHA)


@pytest.mark.parametrize("name", ["../x", "nope", "bundled", "", "v30/.."])
def test_only_published_models_can_be_pulled(store: ModelStore, name: str):
    hub = ScriptedHub()
    with pytest.raises(OptionRefused):
        pull(store, name, None, hub, lambda _: None)
    assert hub.asked == []


def broken(error: Exception):
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [ConnectionError("no route"), TimeoutError(), OSError("gone"), RuntimeError("cas")],
    ids=lambda error: type(error).__name__,
)
def test_without_a_network_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", broken(error))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", broken(error))
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        HuggingFaceHub().listing("a/b", None)
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        HuggingFaceHub().fetch("a/b", SHA, "config.json", tmp_path)


def test_a_network_that_the_client_itself_cannot_reach_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        HuggingFaceHub().listing("a/b", None)


def test_a_full_disk_and_a_wrong_revision_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", broken(full))
    with pytest.raises(DownloadFailed, match="No space left"):
        HuggingFaceHub().fetch("a/b", SHA, "config.json", tmp_path)
    with pytest.raises(DownloadFailed, match="cannot be asked for"):
        HuggingFaceHub().listing("../../b", None)
