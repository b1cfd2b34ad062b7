"""Every way in which a request to the companion can fail.

The tree::

    CompanionError
    ├── BeatmapError
    │   ├── UnreadableBeatmap      the bytes are not an .osu file that can be worked with
    │   ├── EditConflict           an edit does not fit the document it is applied to
    │   ├── StaleEdit              the file on disk is newer than what the edit was made for
    │   └── WriteFailed            the file could not be written; the old one is still there
    ├── AudioError
    │   ├── AudioMissing
    │   ├── AudioUnreadable
    │   ├── AudioTooShort
    │   └── NoBeatHeard            there is no beat in the song that a model could hear
    ├── ModelError
    │   ├── ModelMissing           no checkpoint where one was expected
    │   ├── CheckpointMismatch     a checkpoint's tensors or settings do not fit its family
    │   ├── DownloadFailed         a published checkpoint could not be fetched
    │   └── OutOfMemory
    ├── RequestError
    │   ├── RangeRefused           the time range cannot be worked on
    │   ├── OptionRefused          an option is out of range or does not fit the others
    │   ├── ModdingOnly            generating is switched off for this map
    │   ├── NoticeNotAcknowledged  the fair-use notice has not been read yet
    │   └── UnknownId              an id that this daemon did not hand out, or no longer knows
    ├── DaemonError
    │   └── PortInUse
    ├── DemoFailed                 a step of the scripted demo did not go as it should
    └── Cancelled                  the work was called off; nobody waits for its result

Messages are written for a mapper: what happened, and what to do about it.
"""

from __future__ import annotations


class CompanionError(Exception):
    """Root of all errors that are shown to a mapper."""

    @property
    def code(self) -> str:
        """The error's name on the wire and in JSON output, e.g. ``stale_edit``."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class BeatmapError(CompanionError):
    """Something about an ``.osu`` file."""


class UnreadableBeatmap(BeatmapError):
    """The bytes are not an ``.osu`` file that can be worked with."""


class EditConflict(BeatmapError):
    """An edit expects other lines than the document has."""


class StaleEdit(BeatmapError):
    """The file on disk is newer than the revision the edit was made for."""


class WriteFailed(BeatmapError):
    """The file could not be written; the old content is still in place."""


class AudioError(CompanionError):
    """Something about a song."""


class AudioMissing(AudioError):
    """The map names a song that is not in its folder."""


class AudioUnreadable(AudioError):
    """The song's bytes cannot be decoded."""


class AudioTooShort(AudioError):
    """The song is too short for a model to listen to."""


class NoBeatHeard(AudioError):
    """There is no beat in the song that a model could hear."""


class ModelError(CompanionError):
    """Something about a checkpoint or the device it runs on."""


class ModelMissing(ModelError):
    """There is no checkpoint at the given place."""


class CheckpointMismatch(ModelError):
    """A checkpoint's tensors or settings do not fit its model family."""


class DownloadFailed(ModelError):
    """A published checkpoint could not be fetched; what was there before is still there."""


class OutOfMemory(ModelError):
    """The device ran out of memory twice, the second time with half the batch."""


class RequestError(CompanionError):
    """A request that is refused as it stands."""


class RangeRefused(RequestError):
    """The time range is empty, outside the song, or cannot be worked on."""


class OptionRefused(RequestError):
    """An option is out of range or does not fit the others."""


class ModdingOnly(RequestError):
    """The modding-only switch is on for this map."""


class NoticeNotAcknowledged(RequestError):
    """The fair-use notice has to be read once before anything is generated."""


class UnknownId(RequestError):
    """An id that the daemon did not hand out, or no longer knows."""


class DaemonError(CompanionError):
    """Something about the daemon process itself."""


class PortInUse(DaemonError):
    """Another program, probably a second companion, listens on the port."""


class DemoFailed(CompanionError):
    """A step of the scripted demo did not go as it should."""


class InternalError(DaemonError):
    """A fault of the companion itself; the log has the details."""


class Cancelled(CompanionError):
    """The work was called off; whoever catches this has nothing to report."""
