import type { Finding, TimelineObject } from "./protocol";

/** Colours for the canvases; `styles/base.css` has the same ones for the page. */
export const COLOURS = {
  background: "#0f1118",
  lane: "#151824",
  laneEdge: "#232838",
  text: "#e9ebf5",
  faint: "#8b91a8",
  bar: "rgba(233, 235, 245, 0.30)",
  red: "#ff5f6d",
  green: "#5fdc8a",
  kiai: "#ffae42",
  break: "#6f7690",
  bookmark: "#5aa9ff",
  preview: "#ffd84d",
  range: "#ff7ab8",
  ghost: "#4fe3c1",
  cursor: "#ffffff",
  changed: "#7c8cff",
} as const;

export const SEVERITY_COLOURS: Readonly<Record<Finding["severity"], string>> = {
  problem: "#ff5566",
  warning: "#ffb347",
  minor: "#6fb7ff",
  suggestion: "#b78bff",
};

/** The editor's colours of snap divisors: whole white, half red, quarter blue, eighth yellow. */
export function beatColour(divisor: number): string {
  if (divisor === 0) return COLOURS.bar;
  if (divisor === 1) return "rgba(233, 235, 245, 0.13)";
  if (divisor === 2) return "rgba(255, 95, 109, 0.20)";
  if (divisor === 4) return "rgba(96, 150, 255, 0.20)";
  return "rgba(255, 216, 77, 0.16)";
}

const COMBOS = ["#ff7ab8", "#5ec8f8", "#ffc861", "#8f8bff"] as const;

/** The colour of the n-th combo. */
export function comboColour(combo: number): string {
  return COMBOS[combo % COMBOS.length] ?? COMBOS[0];
}

/** The colour of a mania column: outer, inner and middle columns differ, as in most skins. */
export function columnColour(column: number, columns: number): string {
  const middle = (columns - 1) / 2;
  if (column === middle) return "#ffc861";
  return Math.round(Math.abs(column - middle)) % 2 === 0 ? "#5ec8f8" : "#eef0fa";
}

/** Numbers the combos of objects in time order: `result[i]` is the combo of `objects[i]`. */
export function comboIndices(objects: readonly TimelineObject[]): number[] {
  let combo = -1;
  return objects.map((object, index) => {
    if (object.new_combo || index === 0) combo += 1;
    return combo;
  });
}
