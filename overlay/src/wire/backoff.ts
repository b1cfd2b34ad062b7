const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * How long to wait before the attempt after `failures` failed ones: doubling from a quarter of a
 * second to ten seconds, spread by `jitter` (0 to 1) so that several pages do not knock together.
 */
export function retryDelay(failures: number, jitter: number): number {
  const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(base * (0.75 + 0.5 * jitter));
}
