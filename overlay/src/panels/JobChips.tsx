import { JOB_WORDS, jobWords } from "../format/words";
import type { Job } from "../protocol";
import { useApp } from "../state/app";
import { isOver } from "../state/reducer";

/** Jobs under way, with progress and Cancel; a failed one stays until the next of its kind. */
export function JobChips() {
  const { daemon } = useApp();
  const jobs = [...daemon.jobs.value.values()].filter(
    (job) => !isOver(job) || job.state === "failed",
  );
  return (
    <>
      {jobs.map((job) => (
        <JobChip key={job.id} job={job} />
      ))}
    </>
  );
}

export function JobChip({ job }: { job: Job }) {
  const { actions } = useApp();
  if (job.state === "failed") {
    return (
      <span class="chip tone-bad" title={job.error?.message} data-job={job.kind}>
        {JOB_WORDS[job.kind]} failed
      </span>
    );
  }
  return (
    <span class="chip job tone-busy" title={job.note ?? undefined} data-job={job.kind}>
      {jobWords(job)}
      {job.total > 0 && <progress max={job.total} value={job.done} aria-label={jobWords(job)} />}
      <button
        type="button"
        class="icon-button"
        aria-label={`Cancel: ${jobWords(job)}`}
        title="Cancel"
        onClick={() => void actions.cancel(job.id)}
      >
        ✕
      </button>
    </span>
  );
}
