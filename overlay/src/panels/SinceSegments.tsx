import type { Comparison } from "../protocol";
import { useApp } from "../state/app";
import type { Since } from "../state/findings";
import { Segments } from "./Segments";

type Choice = Since | "all";

/** All findings, or what came since a moment; each with what came and went. */
export function SinceSegments() {
  const { daemon, view } = useApp();
  const review = daemon.review.value;
  return (
    <Segments<Choice>
      label="Findings of which time"
      value={view.filter.value.since ?? "all"}
      options={[
        { value: "all", label: "All" },
        option("save", "Last save", review?.since_save),
        option("opening", "Opened", review?.since_opening),
      ]}
      onChange={(chosen) => {
        view.filter.value = { ...view.filter.peek(), since: chosen === "all" ? null : chosen };
      }}
    />
  );
}

/** What since when means, in the middle of a sentence. */
export const SINCE_WORDS: Readonly<Record<Since, string>> = {
  save: "since your last save",
  opening: "since you opened the map",
};

function option(value: Since, label: string, comparison: Comparison | undefined) {
  const came = comparison?.new_ids.length ?? 0;
  const went = comparison?.gone_count ?? 0;
  const counts = [...(came > 0 ? [`+${came}`] : []), ...(went > 0 ? [`−${went}`] : [])];
  return {
    value,
    label: [label, ...counts].join(" "),
    title: `${came} new and ${went} gone ${SINCE_WORDS[value]}`,
  };
}
