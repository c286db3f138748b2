// Numbers of a curve, as people read them.

export const percent = (share) => `${Math.round(100 * share)} %`;

export function perBars(events, rows) {
  if (!events) return "none";
  const rate = (10000 * events) / rows;
  return `${rate < 10 ? Number(rate.toPrecision(2)) : Math.round(rate)} in 10,000 bars`;
}
