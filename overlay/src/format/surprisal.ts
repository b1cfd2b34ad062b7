/** How surprised the model is, in words a mapper can weigh. */
export type SurpriseWord = "expected" | "unusual" | "surprising" | "very surprising";

/** Puts a surprisal into words. The steps are about 1 in 8, 1 in 64 and 1 in 500. */
export function surpriseWord(surprisal_bits: number): SurpriseWord {
  if (surprisal_bits < 3) return "expected";
  if (surprisal_bits < 6) return "unusual";
  if (surprisal_bits < 9) return "surprising";
  return "very surprising";
}

/** `9.1 bits`. */
export function bits(surprisal_bits: number): string {
  return `${surprisal_bits.toFixed(1)} bits`;
}

/** Explains the bits: `The model gave this about a 1 in 550 chance.` */
export function chance(surprisal_bits: number): string {
  const odds = 2 ** Math.max(0, surprisal_bits);
  if (odds < 1.5) return "The model expected this.";
  if (odds > 1e6) return "The model gave this less than a 1 in a million chance.";
  return `The model gave this about a 1 in ${roundTwoDigits(odds).toLocaleString("en-US")} chance.`;
}

function roundTwoDigits(value: number): number {
  const magnitude = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.round(value / magnitude) * magnitude;
}
