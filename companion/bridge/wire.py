"""The session's values as protocol messages: the only place where both are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from companion.beatmap import Mode
from companion.bridge.drawing import (
    PathBook,
    generated_objects,
    length_ms_of,
    n_changed,
    span,
    timeline,
    wire_ms,
)
from companion.bridge.heard import timing
from companion.checks import Level, level_name, rule_title
from companion.session import (
    CandidatesNews,
    FairUseNews,
    FindingsNews,
    JobNews,
    MapNews,
    ModelNews,
    PassageNews,
    ProblemClearedNews,
    ProblemNews,
    ReviewNews,
    ShownFinding,
    SuggestionNews,
    TimingNews,
    UndoNews,
)
from companion.session.fair_use import NOTICE
from protocol import beatmaps, messages, values
from protocol import review as wire_review

if TYPE_CHECKING:
    from companion.beatmap import Document
    from companion.errors import CompanionError
    from companion.journal import ProvenanceRecord
    from companion.session import (
        Comparison,
        Detection,
        FairUse,
        Job,
        MapCandidate,
        MapLevel,
        ModelStatus,
        News,
        OpenMap,
        Problem,
        Review,
        Revision,
        Session,
        Song,
        UndoStatus,
    )
    from companion.suggestions import Suggestion

MODES: dict[Mode, Literal["osu", "taiko", "catch", "mania"]] = {
    Mode.OSU: "osu",
    Mode.TAIKO: "taiko",
    Mode.CATCH: "catch",
    Mode.MANIA: "mania",
}

LEVELS: dict[Level, wire_review.LevelName] = {
    Level.EASY: "easy",
    Level.NORMAL: "normal",
    Level.HARD: "hard",
    Level.INSANE: "insane",
    Level.EXPERT: "expert",
}


class Wire:
    """Turns news and snapshots into messages; keeps the timeline of the newest revision.

    Args:
        session: Whose state the snapshots show.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = PathBook()
        self._timeline: tuple[tuple[str, float | None], beatmaps.Timeline] | None = None

    def snapshot(self) -> messages.Snapshot:
        """The whole state."""
        session = self._session
        return messages.Snapshot(
            map=self._map(session.open_map, session.revision, session.song),
            candidates=[candidate(item) for item in session.candidates],
            findings=[finding(shown) for shown in session.board.shown],
            review=review(session.review),
            jobs=[job(item) for item in session.jobs],
            suggestions=[suggestion(item) for item in session.suggestions],
            timing=timing(session.timing),
            model=model(session.model),
            undo=undo(session.undo),
            fair_use=fair_use(session.fair_use),
            problems=[problem(item) for item in session.problems],
        )

    def update(self, news: News) -> messages.ServerUpdate:  # noqa: C901
        """The message for a piece of news."""
        match news:
            case MapNews(open_map, revision):
                return messages.MapRevised(map=self._map(open_map, revision, self._session.song))
            case CandidatesNews(candidates):
                return messages.CandidatesChanged(candidates=[candidate(c) for c in candidates])
            case FindingsNews():
                return messages.FindingsDelta(
                    map_id=news.map_id,
                    revision=news.revision,
                    added=[finding(shown) for shown in news.added],
                    removed_ids=list(news.removed_ids),
                )
            case ReviewNews(map_id, item):
                return messages.ReviewChanged(map_id=map_id, review=review(item))
            case JobNews(item):
                return messages.JobChanged(job=job(item))
            case PassageNews(item, passage):
                return messages.PassageAdded(
                    suggestion_id=item.id,
                    variant=passage.variant,
                    start_ms=passage.range.start_ms,
                    end_ms=passage.range.end_ms,
                    objects=generated_objects(item.base, passage.lines),
                    mean_logprob=passage.mean_logprob,
                    changed=n_changed(item.base, passage.lines),
                )
            case SuggestionNews(item):
                return messages.SuggestionChanged(suggestion=suggestion(item))
            case TimingNews(item):
                return messages.TimingChanged(timing=timing(item))
            case ModelNews(status):
                return messages.ModelChanged(model=model(status))
            case UndoNews(status):
                return messages.UndoChanged(undo=undo(status))
            case FairUseNews(state):
                return messages.FairUseChanged(fair_use=fair_use(state))
            case ProblemNews(item):
                return messages.ProblemRaised(problem=problem(item))
            case ProblemClearedNews(code):
                return messages.ProblemCleared(code=code)
            case _:
                assert_never(news)

    def _map(
        self, open_map: OpenMap | None, revision: Revision | None, song: Song | None
    ) -> beatmaps.MapState | None:
        if open_map is None or revision is None:
            return None
        document = revision.document
        beatmap = document.beatmap
        return beatmaps.MapState(
            map_id=open_map.map_id,
            revision=revision.number,
            origin=revision.origin,
            file_name=_shown(open_map.path.name),
            artist=beatmap.artist_unicode,
            title=beatmap.title_unicode,
            creator=beatmap.creator,
            difficulty_name=beatmap.version,
            mode=MODES[beatmap.mode],
            key_count=beatmap.keycount if beatmap.mode is Mode.MANIA else None,
            circle_size=beatmap.cs,
            approach_rate=beatmap.ar,
            star_rating=revision.stars,
            audio_file_name=beatmap.audio_filename,
            detection=detection(open_map.detection),
            readable=document.readable,
            changed=[span(item) for item in revision.changed],
            timeline=self._timeline_of(document, song),
        )

    def _timeline_of(self, document: Document, song: Song | None) -> beatmaps.Timeline:
        length_ms = None if song is None else song.length_ms
        key = (document.digest, length_ms)
        if self._timeline is None or self._timeline[0] != key:
            known = self._timeline
            if known is not None and known[0][0] == document.digest:
                made = known[1].model_copy(update={"length_ms": length_ms_of(document, length_ms)})
            else:
                made = timeline(document, length_ms, self._paths)
            self._timeline = (key, made)
        return self._timeline[1]


def detection(item: Detection) -> beatmaps.Detection:
    """How a map was found."""
    return beatmaps.Detection(probe=item.probe, client=item.client, editor_open=item.editor_open)


def candidate(item: MapCandidate) -> beatmaps.MapCandidate:
    """A map that can be opened."""
    return beatmaps.MapCandidate(
        map_id=item.map_id,
        label=_shown(item.label),
        detection=detection(item.detection),
        selected=item.selected,
    )


def finding(shown: ShownFinding) -> values.Finding:
    """A finding, without the edit itself."""
    item, fixing = shown.finding, shown.fixing
    return values.Finding(
        id=item.id,
        source=shown.source,
        code=item.code,
        rule=rule_title(item.code),
        category=item.category,
        severity=item.severity.value,
        start_ms=wire_ms(item.at.start_ms),
        end_ms=wire_ms(item.at.end_ms),
        objects_ms=[wire_ms(start_ms) for start_ms in item.objects],
        message=item.message,
        weight=item.weight,
        surprisal_bits=item.surprisal_bits,
        fix_label=None if fixing is None else fixing.fix_label or "Apply",
        fix_source=shown.fix_source,
        editor_link=item.editor_link,
        file=_shown(item.file) or None,
        support=[
            values.Support(
                id=one.id,
                category=one.category,
                message=one.message,
                surprisal_bits=one.surprisal_bits,
            )
            for one in shown.support
        ],
    )


def review(item: Review) -> wire_review.Review:
    """What was decided about the findings, and what changed among them."""
    hidden = item.dismissed
    return wire_review.Review(
        level=None if item.level is None else _level(item.level),
        dismissed=wire_review.Dismissed(
            findings=[finding(shown) for shown in hidden.findings],
            rules=[
                wire_review.DismissedRule(
                    code=rule.code, title=rule_title(rule.code), count=rule.count
                )
                for rule in hidden.rules
            ],
            absent_count=hidden.absent_count,
        ),
        since_save=_comparison(item.since_save),
        since_opening=_comparison(item.since_opening),
    )


def _level(item: MapLevel) -> wire_review.MapLevel:
    return wire_review.MapLevel(
        interpreted=LEVELS[item.interpreted],
        stated=None if item.stated is None else LEVELS[item.stated],
        names=[level_name(level, item.mode) for level in Level],
    )


def _comparison(item: Comparison) -> wire_review.Comparison:
    return wire_review.Comparison(
        new_ids=sorted(item.new_ids),
        gone=[finding(shown) for shown in item.gone],
        gone_count=item.gone_count,
    )


def error(item: CompanionError) -> values.ErrorInfo:
    """Why something failed."""
    return values.ErrorInfo(code=item.code, message=str(item))


def job(item: Job) -> values.Job:
    """A job."""
    return values.Job(
        id=item.id,
        kind=item.kind,
        state=item.state.value,
        revision=item.revision,
        done=item.done,
        total=item.total,
        request_id=item.request_id,
        suggestion_id=item.suggestion_id,
        file_name=None if item.file_name is None else _shown(item.file_name),
        note=item.note,
        error=None if item.error is None else error(item.error),
    )


def suggestion(item: Suggestion) -> values.Suggestion:
    """A suggestion with all its objects so far."""
    options = item.options
    return values.Suggestion(
        id=item.id,
        request_id=item.request_id,
        base_revision=item.base_revision,
        start_ms=wire_ms(item.range.start_ms),
        end_ms=wire_ms(item.range.end_ms),
        settings=values.GenerationSettings(
            difficulty=options.difficulty,
            seed=options.seed,
            guidance=options.guidance,
            temperature=options.temperature,
            replace=options.replace,
            kept=sorted(options.kept),
            change_green_lines=options.change_green_lines,
        ),
        state=item.state.value,
        reason=item.reason,
        accepted_variant=item.accepted_variant,
        ranking=list(item.order),
        variants=[_variant(item, variant) for variant in item.variants],
    )


def _variant(item: Suggestion, variant: int) -> values.Variant:
    lines, part = item.lines(variant), item.part(variant)
    return values.Variant(
        variant=variant,
        objects=generated_objects(item.base, lines),
        part_of=None if part is None else part.of,
        part=None if part is None else part.take,
        mean_logprob=item.mean_logprob(variant),
        changed=n_changed(item.base, lines),
        findings=None
        if (brought := item.findings(variant)) is None
        else [finding(ShownFinding(one, "rule")) for one in brought],
    )


def model(item: ModelStatus) -> values.ModelState:
    """The model."""
    info = item.info
    return values.ModelState(
        state=item.state,
        name=None if info is None else info.name,
        family=None if info is None else info.family,
        n_parameters=None if info is None else info.n_parameters,
        digest=None if info is None else info.digest,
        error=None if item.error is None else error(item.error),
    )


def undo(item: UndoStatus) -> values.UndoState:
    """What undo would do."""
    return values.UndoState(
        available=item.depth > 0, depth=item.depth, description=item.description
    )


def fair_use(item: FairUse) -> values.FairUse:
    """Whether generating is allowed."""
    return values.FairUse(
        modding_only_global=item.modding_only_global or item.modding_only_forced,
        modding_only_mapset=item.modding_only_mapset,
        notice_acknowledged=item.notice_acknowledged,
        can_generate=item.can_generate,
        notice=values.FairUseNotice(
            title=NOTICE.title, paragraphs=list(NOTICE.paragraphs), link=NOTICE.link
        ),
    )


def problem(item: Problem) -> values.Problem:
    """Something that is wrong."""
    return values.Problem(code=item.code, message=_shown(item.message))


def provenance_entry(item: ProvenanceRecord) -> values.ProvenanceEntry:
    """A record of the provenance journal, with the file's name in place of its path."""
    return values.ProvenanceEntry(
        date=item.date,
        action=item.action,
        file_name=_shown(item.file.replace("\\", "/").rpartition("/")[2]),
        start_ms=wire_ms(item.start_ms),
        end_ms=wire_ms(item.end_ms),
        model=item.model,
        model_digest=item.model_digest,
        seed=item.seed,
    )


def _shown(text: str) -> str:
    """A file name as text; bytes that are no text (Linux allows them) become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
