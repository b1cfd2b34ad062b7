import type { MapLevel } from "../protocol";
import { useApp } from "../state/app";

type LevelName = MapLevel["interpreted"];

/** Easiest first, as the daemon names them. */
const LEVELS: readonly LevelName[] = ["easy", "normal", "hard", "insane", "expert"];

/** How hard the difficulty is meant to be, as the rules see it or as the mapper says. */
export function LevelField() {
  const { actions, connection, daemon } = useApp();
  const level = daemon.review.value?.level ?? null;
  if (level === null) return null;
  const nameOf = (one: LevelName) => level.names[LEVELS.indexOf(one)] ?? one;
  return (
    <select
      class={level.stated === null ? undefined : "decided"}
      aria-label="Level"
      title={
        `Going by name and star rating this is ${nameOf(level.interpreted)}. Some rules look at ` +
        "easy or at hard difficulties only; what you choose here counts for this difficulty."
      }
      data-testid="level"
      value={level.stated ?? ""}
      disabled={connection.state.value.phase !== "open"}
      onChange={(event) => {
        const { value } = event.currentTarget;
        void actions.setLevel(LEVELS.find((one) => one === value) ?? null);
      }}
    >
      <option value="">As {nameOf(level.interpreted)} (guessed)</option>
      {LEVELS.map((one) => (
        <option key={one} value={one}>
          As {nameOf(one)}
          {one === "expert" ? " or harder" : ""}
        </option>
      ))}
    </select>
  );
}
