"""What has been found in a folder of sets, kept between runs.

One JSON line per set, written as soon as the set has been looked through: a run that is killed goes
on where it was, and a set is looked at again only when its files have changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from companion.training.data.records import SetRecord, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from companion.training.data.sources import SetSource

FORMAT = 1
"""Counts up when a record means something else than before."""


class Index:
    """A file of records.

    Args:
        path: The file; made when there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def records(
        self,
        sources: Iterable[SetSource],
        tell: Callable[[SetRecord], None] = lambda _: None,
    ) -> list[SetRecord]:
        """The records of sets in their order; new ones are added to the file one by one.

        Args:
            sources: The sets.
            tell: Called with the first record of each set.
        """
        found: list[SetRecord] = []
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            for source in sources:
                key = _key(source)
                records = self._known.get(key)
                if records is None:
                    records = self._known[key] = read_records(source)
                    values = [record.to_json() for record in records]
                    line = {"format": FORMAT, "key": key, "records": values}
                    file.write(json.dumps(line) + "\n")
                    file.flush()
                found.extend(records)
                tell(records[0])
        return found


def _key(source: SetSource) -> str:
    try:
        signature = source.signature()
    except OSError as error:
        signature = str(error)
    facts = sorted(f"{name} {one}" for name, one in source.facts.items())
    text = "\n".join((str(source.path.resolve()), signature, *facts))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _read(path: Path) -> dict[str, tuple[SetRecord, ...]]:
    if not path.is_file():
        return {}
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        # Killed while writing: what is there of the last line would spoil the next one.
        data = data[: data.rfind(b"\n") + 1]
        path.write_bytes(data)
    known: dict[str, tuple[SetRecord, ...]] = {}
    for line in data.splitlines():
        try:
            values = cast("dict[str, Any]", json.loads(line))
            if values["format"] == FORMAT:
                records = cast("list[dict[str, Any]]", values["records"])
                known[str(values["key"])] = tuple(SetRecord.of_json(one) for one in records)
        except (ValueError, KeyError, TypeError):
            continue  # looked through again
    return known
