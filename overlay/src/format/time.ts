/** Formats song time as the editor writes it: `01:23:456` (minutes, seconds, milliseconds). */
export function timestamp(time_ms: number): string {
  const sign = time_ms < 0 ? "-" : "";
  const whole = Math.abs(Math.round(time_ms));
  const minutes = Math.floor(whole / 60_000);
  const seconds = Math.floor(whole / 1000) % 60;
  return `${sign}${pad(minutes, 2)}:${pad(seconds, 2)}:${pad(whole % 1000, 3)}`;
}

/** Formats song time for an axis: `1:23`, or `1:23.4` when labels stand closer than a second. */
export function axisTime(time_ms: number, step_ms: number): string {
  const whole = Math.abs(Math.round(time_ms));
  const minutes = Math.floor(whole / 60_000);
  const seconds = Math.floor(whole / 1000) % 60;
  const sign = time_ms < 0 ? "-" : "";
  const base = `${sign}${minutes}:${pad(seconds, 2)}`;
  return step_ms >= 1000 ? base : `${base}.${Math.floor((whole % 1000) / 100)}`;
}

/**
 * Reads what a mapper types or pastes as a time: `01:23:456`, `1:23`, `83.4` (seconds), also with
 * the editor's trailing ` (1,2) - `. Returns null when it is none of these.
 */
export function parseTimestamp(text: string): number | null {
  const trimmed = text
    .trim()
    .replace(/\s*\(.*$/, "")
    .replace(/\s*-\s*$/, "");
  const full = /^(-?)(\d{1,3}):([0-5]?\d)(?:[:.](\d{1,3}))?$/.exec(trimmed);
  if (full) {
    const [, sign, minutes, seconds, fraction = "0"] = full;
    const separatorIsDot = trimmed.includes(".");
    const milliseconds = separatorIsDot ? Number(fraction.padEnd(3, "0")) : Number(fraction);
    const total = Number(minutes) * 60_000 + Number(seconds) * 1000 + milliseconds;
    return sign === "-" ? -total : total;
  }
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  return null;
}

/** Formats a length: `850 ms`, `12.4 s`, `2 min 5 s`. */
export function duration(length_ms: number): string {
  const length = Math.abs(length_ms);
  if (length < 1000) return `${Math.round(length)} ms`;
  if (length < 60_000) return `${(length / 1000).toFixed(1)} s`;
  return `${Math.floor(length / 60_000)} min ${Math.round((length % 60_000) / 1000)} s`;
}

/** Formats a number of beats: `8 beats`, `1 beat`, `7.5 beats`. */
export function beats(count: number): string {
  const rounded = Math.round(count * 100) / 100;
  return `${rounded} ${rounded === 1 ? "beat" : "beats"}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
