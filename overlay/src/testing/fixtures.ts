import type {
  Comparison,
  Dismissed,
  FairUse,
  Finding,
  Job,
  MapState,
  Review,
  Snapshot,
  Suggestion,
  TimelineObject,
  TimingReport,
  Variant,
} from "../protocol";

/** Small valid wire values for tests; every builder takes what matters to the test. */

export function circle(start_ms: number, more: Partial<TimelineObject> = {}): TimelineObject {
  return {
    start_ms,
    end_ms: start_ms,
    kind: "circle",
    x: 256,
    y: 192,
    new_combo: false,
    combo_number: 1,
    column: null,
    path: [],
    slides: 0,
    sounds: [],
    ...more,
  };
}

export function finding(id: string, more: Partial<Finding> = {}): Finding {
  return {
    id,
    source: "rule",
    code: "unsnapped",
    rule: "Unsnapped objects",
    category: "Timing",
    severity: "problem",
    start_ms: 1000,
    end_ms: 1000,
    objects_ms: [1000],
    message: `finding ${id}`,
    weight: 1,
    surprisal_bits: null,
    fix_label: null,
    fix_source: null,
    editor_link: "osu://edit/00:01:000 (1)",
    file: null,
    support: [],
    ...more,
  };
}

export function mapState(more: Partial<MapState> = {}): MapState {
  return {
    map_id: "map-1",
    revision: 1,
    origin: "editor",
    file_name: "a.osu",
    artist: "Artist",
    title: "Title",
    creator: "Mapper",
    difficulty_name: "Insane",
    mode: "osu",
    key_count: null,
    circle_size: 4,
    approach_rate: 9,
    star_rating: 4.5,
    audio_file_name: "audio.ogg",
    detection: { probe: "given", client: null, editor_open: null },
    readable: true,
    changed: [],
    timeline: {
      objects: [circle(1000), circle(1500), circle(2000)],
      timing_points: [
        {
          time_ms: 0,
          kind: "red",
          bpm: 120,
          meter: 4,
          velocity: null,
          volume: 100,
          kiai: false,
        },
      ],
      kiai: [],
      breaks: [],
      bookmarks_ms: [],
      preview_ms: null,
      length_ms: 10_000,
    },
    ...more,
  };
}

export function fairUse(more: Partial<FairUse> = {}): FairUse {
  return {
    modding_only_global: false,
    modding_only_mapset: false,
    notice_acknowledged: true,
    can_generate: true,
    notice: { title: "Before you generate", paragraphs: ["Be fair."], link: "https://osu.ppy.sh" },
    ...more,
  };
}

export function comparison(more: Partial<Comparison> = {}): Comparison {
  return { new_ids: [], gone: [], gone_count: 0, ...more };
}

export function dismissed(more: Partial<Dismissed> = {}): Dismissed {
  return { findings: [], rules: [], absent_count: 0, ...more };
}

export function review(more: Partial<Review> = {}): Review {
  return {
    level: {
      interpreted: "insane",
      stated: null,
      names: ["Easy", "Normal", "Hard", "Insane", "Expert"],
    },
    dismissed: dismissed(),
    since_save: comparison(),
    since_opening: comparison(),
    ...more,
  };
}

export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  return {
    type: "snapshot",
    seq: 1,
    map: mapState(),
    candidates: [],
    findings: [],
    review: review(),
    jobs: [],
    suggestions: [],
    timing: null,
    model: {
      state: "unloaded",
      name: "bundled",
      family: "small",
      n_parameters: 1_000_000,
      digest: "d",
      error: null,
    },
    undo: { available: false, depth: 0, description: null },
    fair_use: fairUse(),
    problems: [],
    ...more,
  };
}

export function job(id: string, more: Partial<Job> = {}): Job {
  return {
    id,
    kind: "score",
    state: "running",
    revision: 1,
    done: 1,
    total: 4,
    request_id: null,
    suggestion_id: null,
    file_name: null,
    note: null,
    error: null,
    ...more,
  };
}

export function timing(more: Partial<TimingReport> = {}): TimingReport {
  return {
    id: "t1",
    request_id: "r1",
    bpm: 174,
    offset_ms: 1234,
    n_beats: 321,
    sections: [
      { start_ms: 1234, end_ms: 60_000, bpm: 174, meter: 4 },
      { start_ms: 60_000, end_ms: 90_000, bpm: 180.5, meter: 3 },
    ],
    iterations: null,
    seed: 7,
    leniency_ms: 10,
    agreement: {
      n_beats: 320,
      close_share: 0.75,
      same_tempo_share: 0.9,
      shift_ms: -3.25,
      mean_error_ms: 4.5,
      worst_error_ms: 31,
    },
    applied: false,
    ...more,
  };
}

export function variant(number: number, more: Partial<Variant> = {}): Variant {
  return {
    variant: number,
    objects: [circle(1000)],
    part_of: null,
    part: null,
    mean_logprob: -1,
    changed: 1,
    findings: [],
    ...more,
  };
}

export function suggestion(id: string, more: Partial<Suggestion> = {}): Suggestion {
  return {
    id,
    request_id: "r1",
    base_revision: 1,
    start_ms: 1000,
    end_ms: 3000,
    settings: {
      difficulty: null,
      seed: 7,
      guidance: 1,
      temperature: 0.8,
      replace: "all",
      kept: [],
      change_green_lines: false,
    },
    state: "generating",
    reason: null,
    accepted_variant: null,
    ranking: [],
    variants: [],
    ...more,
  };
}
