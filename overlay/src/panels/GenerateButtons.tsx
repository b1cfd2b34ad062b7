import { jobWords } from "../format/words";
import type { Job } from "../protocol";
import { type App, useApp } from "../state/app";
import { isOver } from "../state/reducer";

interface GenerateButtonsProps {
  readonly label: string;
  readonly testid: string;
  /** Why it cannot be pressed; null when it can. */
  readonly hindrance: string | null;
  /** Whether the form says elsewhere what is missing. */
  readonly silent?: boolean;
}

/** The button that starts a form's job, and Cancel while anything is generated. */
export function GenerateButtons({ label, testid, hindrance, silent }: GenerateButtonsProps) {
  const app = useApp();
  const job = generatingJob(app);
  return (
    <>
      <div class="generate-buttons">
        <button
          type="submit"
          class="button primary wide"
          data-testid={testid}
          disabled={hindrance !== null}
          title={hindrance ?? undefined}
        >
          {label}
        </button>
        {job !== null && (
          <button
            type="button"
            class="button"
            data-testid="cancel-generate"
            onClick={() => void app.actions.cancel(job.id)}
          >
            Cancel
          </button>
        )}
      </div>
      {job !== null && <JobProgress job={job} />}
      {hindrance !== null && !silent && !isBusy(app) && <p class="faint">{hindrance}</p>}
    </>
  );
}

/** How far a job is, in the form that it was started from or any other. */
function JobProgress({ job }: { job: Job }) {
  const words = jobWords(job);
  return (
    <div class="job-progress" role="status" data-testid="job-progress" data-job={job.kind}>
      <span>{words}</span>
      {job.total > 0 && <progress max={job.total} value={job.done} aria-label={words} />}
      {job.note !== null && <span class="faint">{job.note}</span>}
    </div>
  );
}

/** Why the newest job of a kind failed; null when it did not. */
export function failureOf({ daemon }: App, ...kinds: readonly Job["kind"][]): string | null {
  const failed = [...daemon.jobs.value.values()].findLast(
    (job) => kinds.includes(job.kind) && job.state === "failed",
  );
  return failed?.error?.message ?? null;
}

/** Why nothing can be generated right now, whatever it is; null when something can. */
export function whyNot(app: App): string | null {
  const { connection, daemon } = app;
  if (connection.state.value.phase !== "open") return "The companion is not connected.";
  if (daemon.map.value?.readable === false) return "This map cannot be read.";
  const model = daemon.model.value;
  if (model?.state === "absent") return model.error?.message ?? "There is no model.";
  return isBusy(app) ? "The model is at work; one thing at a time." : null;
}

function isBusy(app: App): boolean {
  return app.actions.starting.value || generatingJob(app) !== null;
}

/** The job that generates something right now; there is one at a time. */
function generatingJob({ daemon }: App): Job | null {
  for (const job of daemon.jobs.value.values()) {
    if (job.kind !== "score" && !isOver(job)) return job;
  }
  return null;
}
