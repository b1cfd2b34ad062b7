"""Time a full-size checkpoint on this machine: `python scripts/bench_engine.py --like FOLDER`.

FOLDER holds any checkpoint of a Mapperatorinator family, a tiny one too. Its configuration is
enlarged to the published size (Whisper small), the weights are random, and a map is scored and
tokens are written with them. How many tokens a real checkpoint would write is not known from random
weights, so writing is measured per token and per window. With ``--json`` one object is printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from companion.beatmap import Document, TimeRange, splice_objects  # noqa: E402
from companion.demo.files import unpack  # noqa: E402
from companion.engine.cancellation import CancelToken  # noqa: E402
from companion.engine.loaded_model import LoadedModel  # noqa: E402
from companion.engine.model import rope_whisper, var_whisper, whisper  # noqa: E402
from companion.engine.requests import ScoreRequest  # noqa: E402
from companion.engine.windows import windows_of  # noqa: E402

if TYPE_CHECKING:
    from companion.engine.loaded_model import Song

SMALL = {
    "d_model": 768,
    "encoder_layers": 12,
    "decoder_layers": 12,
    "encoder_attention_heads": 12,
    "decoder_attention_heads": 12,
    "encoder_ffn_dim": 3072,
    "decoder_ffn_dim": 3072,
    "num_hidden_layers": 12,
}
"""Sizes of Whisper small, which all published checkpoints have."""
NETWORKS = {
    "openai/whisper": whisper.WhisperNetwork,
    "ropewhisper": rope_whisper.RopeWhisperNetwork,
    "varwhisper": var_whisper.VarWhisperNetwork,
}
PROMPT_TOKENS = 600
STEPS = 60


def enlarge(like: Path, folder: Path) -> None:
    """A checkpoint like another one, of the published size and with random weights."""
    config = json.loads((like / "config.json").read_text(encoding="utf-8"))
    config["backbone_config"] |= SMALL
    if config["project_encoder_input"]:
        config["backbone_config"]["num_mel_bins"] = SMALL["d_model"]
    config |= {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("generation_config.json", "tokenizer.json"):
        shutil.copy(like / name, folder / name)
    torch.manual_seed(0)
    kind = next(k for k in NETWORKS if k in config["backbone_model_name"])
    weights = NETWORKS[kind](config).state_dict()
    # Window and filters are no weights: they are what makes sound into spectrograms.
    weights |= {
        name: tensor
        for name, tensor in load_file(like / "model.safetensors").items()
        if name.startswith("spectrogram.") and name in weights
    }
    save_file({n: t.contiguous() for n, t in weights.items()}, folder / "model.safetensors")


def bandwidth_bytes_per_s() -> float:
    """How fast weights can be read: a product of a large matrix with one vector."""
    matrix, vector = torch.randn(8192, 8192), torch.randn(8192)
    torch.mv(matrix, vector)
    began = time.perf_counter()
    for _ in range(8):
        torch.mv(matrix, vector)
    return 8 * matrix.numel() * 4 / (time.perf_counter() - began)


def time_scoring(model: LoadedModel, document: Document, audio: Path) -> tuple[float, int]:
    """Seconds of a first look at a map, and the number of its windows."""
    began = time.perf_counter()
    done = 0
    for progress in model.score(ScoreRequest(document, audio), CancelToken()):
        done = progress.total
    return time.perf_counter() - began, done


def time_writing(model: LoadedModel, song: Song, document: Document) -> dict[str, float]:
    """Seconds to hear a window, to take in a prompt, and per token after it."""
    backbone = model.backbone
    window = windows_of(len(song.waveform.samples), backbone.settings.windows)[0]
    about = model.conditioning_of(document, song)
    given = song.input_of(window, document.beatmap.red_lines, about)
    backbone.encode([given])
    began = time.perf_counter()
    encoded = backbone.encode([given])
    heard = time.perf_counter()
    n = min(PROMPT_TOKENS, backbone.settings.max_tokens - STEPS - 1)
    tokens = torch.randint(3, backbone.vocabulary.size_out, (1, n))
    _, state = backbone.start(tokens, None, encoded)
    taken_in = time.perf_counter()
    for _ in range(STEPS):
        _, state = backbone.step(tokens[:, -1], state)
    written = time.perf_counter()
    return {
        "encode_window_s": heard - began,
        "take_in_prompt_s": taken_in - heard,
        "prompt_tokens": n,
        "tokens_per_s": STEPS / (written - taken_in),
    }


def decoder_bytes(folder: Path) -> int:
    """Bytes of weights that every token needs.

    That is all of the decoder but its tables and the cross attention's keys and values, which are
    computed once per window.
    """
    total = 0
    for name, tensor in load_file(folder / "model.safetensors").items():
        of_decoder = ".decoder.layers." in name or name.endswith("proj_out.weight")
        once = any(part in name for part in ("encoder_attn.k_", "encoder_attn.v_", "Wkv"))
        if of_decoder and not once:
            total += tensor.numel() * tensor.element_size()
    return total


def cut(document: Document, end_ms: int) -> Document:
    """The map without what comes later."""
    rest = TimeRange(end_ms, 2**31 - 1)
    return document.apply(splice_objects(document, rest, ()))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    enlarge(options.like, folder)
    path = options.map or unpack(folder / "demo")
    document = cut(Document.parse(path.read_bytes()), int(options.seconds * 1000))
    audio = path.parent / document.beatmap.audio_filename
    began = time.perf_counter()
    model = LoadedModel.load(folder, "cpu")
    load_s = time.perf_counter() - began
    speed = bandwidth_bytes_per_s()
    writing = time_writing(model, model.listen(audio), document)
    scored_s, n_windows = time_scoring(model, document, audio)
    needed = decoder_bytes(folder)
    return {
        "family": model.info.family,
        "parameters": model.info.n_parameters,
        "threads": torch.get_num_threads(),
        "load_s": load_s,
        "map_s": document.beatmap.last_ms / 1000,
        "objects": len(document.beatmap.hit_objects),
        "mod_s": scored_s,
        "mod_windows": n_windows,
        **writing,
        "bandwidth_gb_per_s": speed / 1e9,
        "bandwidth_share": writing["tokens_per_s"] * needed / speed,
        "peak_rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--like", type=Path, required=True, help="a checkpoint of the family")
    parser.add_argument("--map", type=Path, help="the map; the demo's unless given")
    parser.add_argument("--seconds", type=float, default=180.0, help="of the map")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options, Path(folder))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:22} {value:,.3f}" if isinstance(value, float) else f"{name:22} {value}")


if __name__ == "__main__":
    main()
