import { type Signal, signal } from "@preact/signals";
import type {
  Finding,
  HitsoundOptions,
  RegenerateOptions,
  Reply,
  SetLevel,
  TimingOptions,
} from "../protocol";
import type { TimeSpan } from "../timeline/viewport";
import { type Connection, ConnectionLost, type RequestBody } from "../wire/connection";
import type { DaemonSignals } from "./daemon";
import { type DifficultyRequest, keepKey } from "./form";
import type { Toasts } from "./toasts";
import type { Aspect } from "./variants";

/**
 * What the mapper can do. Each action sends one request and says in the corner how it went; an
 * action that the fair-use notice stands before is held until the notice is acknowledged.
 */
export class Actions {
  /** The action that waits for the notice to be acknowledged; the notice is shown while set. */
  readonly held: Signal<(() => Promise<void>) | null> = signal(null);
  /** What the daemon's model could not keep, by `keepKey`, with its reason. */
  readonly refusedKeeps: Signal<ReadonlyMap<string, string>> = signal(new Map());
  readonly starting: Signal<boolean> = signal(false);

  constructor(
    private readonly connection: Connection,
    private readonly daemon: DaemonSignals,
    private readonly toasts: Toasts,
  ) {}

  async regenerate(range: TimeSpan, options: RegenerateOptions): Promise<void> {
    const started = (base_revision: number): RequestBody => ({
      type: "regenerate",
      base_revision,
      start_ms: range.start_ms,
      end_ms: range.end_ms,
      options,
    });
    await this.start(started, (reply) => {
      if (reply.error?.code === "option_refused") {
        const refused = new Map(this.refusedKeeps.peek());
        this.refusedKeeps.value = refused.set(keepKey(options.keep ?? []), reply.error.message);
      }
    });
  }

  /** Chooses hitsounds anew, of the whole map without a range. */
  async chooseHitsounds(range: TimeSpan | null, options: HitsoundOptions): Promise<void> {
    await this.start((base_revision) => ({
      type: "choose_hitsounds",
      base_revision,
      start_ms: range?.start_ms ?? null,
      end_ms: range?.end_ms ?? null,
      options,
    }));
  }

  /** Times the song by ear. Nothing is written, so no notice stands before it. */
  async hearTiming(options: TimingOptions): Promise<void> {
    this.starting.value = true;
    await this.send({ type: "hear_timing", options });
    this.starting.value = false;
  }

  async applyTiming(timing_id: string): Promise<void> {
    await this.afterNotice(async () => {
      await this.send({ type: "apply_timing", timing_id }, "Written into the map.");
    });
  }

  /** Writes a new difficulty, which becomes a new file of the set. */
  async writeDifficulty({ kind, options }: DifficultyRequest): Promise<void> {
    await this.start((base_revision) =>
      kind === "guest"
        ? { type: "write_guest", base_revision, options }
        : { type: "write_map", base_revision, options },
    );
  }

  /** Makes a variant of only a part of one; it is there when this ends, unless it was refused. */
  async takePart(suggestion_id: string, variant: number, take: Aspect): Promise<void> {
    await this.send({ type: "take_part", suggestion_id, variant, take });
  }

  async accept(suggestion_id: string, variant: number): Promise<void> {
    await this.afterNotice(async () => {
      await this.send({ type: "accept", suggestion_id, variant }, "Written into the map.");
    });
  }

  async reject(suggestion_id: string): Promise<void> {
    await this.send({ type: "reject", suggestion_id });
  }

  async undo(): Promise<void> {
    await this.send({ type: "undo" }, "Taken back.");
  }

  async cancel(job_id: string): Promise<void> {
    await this.send({ type: "cancel", job_id });
  }

  async rescan(): Promise<void> {
    await this.send({ type: "rescan" });
  }

  async applyFix(finding_id: string): Promise<void> {
    const base_revision = this.daemon.slices.map.peek()?.revision;
    if (base_revision === undefined) return;
    await this.afterNotice(async () => {
      await this.send({ type: "apply_fix", finding_id, base_revision }, "Fixed in the map.");
    }, this.daemon.slices.findings.peek().get(finding_id)?.fix_source === "model");
  }

  async dismiss(finding_id: string): Promise<void> {
    await this.send({ type: "dismiss", finding_id });
  }

  async restore(finding_id: string): Promise<void> {
    await this.send({ type: "restore", finding_id });
  }

  /** Silences a rule in the whole mapset. */
  async dismissRule({ code, rule }: Pick<Finding, "code" | "rule">): Promise<void> {
    const done = `“${rule}” is silent in this mapset now. “Dismissed” lists it.`;
    await this.send({ type: "dismiss_rule", code }, done);
  }

  async restoreRule(code: string): Promise<void> {
    await this.send({ type: "restore_rule", code });
  }

  async restoreDismissed(): Promise<void> {
    await this.send({ type: "restore_dismissed" });
  }

  /** Says how hard the difficulty is meant to be; null leaves it to its name and star rating. */
  async setLevel(level: SetLevel["level"]): Promise<void> {
    await this.send({ type: "set_level", level });
  }

  async selectMap(map_id: string): Promise<void> {
    await this.send({ type: "select_map", map_id });
  }

  async followEditor(): Promise<void> {
    await this.send({ type: "follow_editor" });
  }

  async setModdingOnly(scope: "global" | "mapset", enabled: boolean): Promise<void> {
    await this.send({ type: "set_modding_only", scope, enabled });
  }

  /** Fetches the provenance journal; the answer arrives as state. */
  async loadProvenance(): Promise<void> {
    await this.send({ type: "get_provenance" });
  }

  /** The mapper has read the notice: says so, then does what was held. */
  async acknowledgeNotice(): Promise<void> {
    const held = this.held.peek();
    this.held.value = null;
    const reply = await this.send({ type: "acknowledge_notice" });
    if (reply?.ok) await held?.();
  }

  /** The mapper would rather not: nothing is generated. */
  declineNotice(): void {
    this.held.value = null;
  }

  /** Starts a generating job on the revision that is shown, once the notice has been read. */
  private async start(
    request: (base_revision: number) => RequestBody,
    heard: (reply: Reply) => void = () => {},
  ): Promise<void> {
    await this.afterNotice(async () => {
      const revision = this.daemon.slices.map.peek()?.revision;
      if (revision === undefined) return;
      this.starting.value = true;
      const reply = await this.send(request(revision));
      this.starting.value = false;
      if (reply !== null) heard(reply);
    });
  }

  private async afterNotice(action: () => Promise<void>, needed = true): Promise<void> {
    const acknowledged = this.daemon.slices.fairUse.peek()?.notice_acknowledged ?? false;
    if (needed && !acknowledged) this.held.value = action;
    else await action();
  }

  /** Sends and reports; null when the connection broke. */
  private async send(body: RequestBody, done?: string): Promise<Reply | null> {
    try {
      const reply = await this.connection.request(body);
      if (!reply.ok) this.toasts.bad(reply.error?.message ?? "That did not work.");
      else if (reply.note) this.toasts.good(reply.note);
      else if (done !== undefined) this.toasts.good(done);
      return reply;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      this.toasts.bad(error.message);
      return null;
    }
  }
}
