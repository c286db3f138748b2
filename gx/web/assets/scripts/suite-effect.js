// What an expectation does to the bars that it was tried on, in a sentence.
import { counted } from "./elements.js";

const fails = (number) => (number === 1 ? "fails" : "fail");

function found(one) {
  if (one.status === "error") return `it could not be checked: ${one.exception}`;
  if (one.status === "missing") return "it was never checked";
  if (one.status === "skipped") return one.observed || "it is skipped";
  if (one.looked_at === 0) return "it looks at none of them";
  if (!one.count) return one.status === "failed" ? "it fails as a whole" : "none fails";
  const symbols = one.symbol_count ? ` of ${counted(one.symbol_count, "symbol")}` : "";
  return `${counted(one.count, "bar")}${symbols} ${fails(one.count)}`;
}

// `tried` is a trial of one entry; `on` says of which bars.
export function effect(tried, on) {
  const [now] = tried.outcomes;
  const { before } = now;
  const part = tried.sample ? `, ${tried.sample}` : "";
  const said = `On ${on} (${counted(tried.rows, "bar")}${part})`;
  const none = noneFits(now);
  if (!before) return `${said}, ${found(now)}; the saved suite does not have it.${none}`;
  if (found(before) === found(now))
    return `${said}, ${found(now)}, as with the saved suite.${none}`;
  return `${said}: as saved, ${found(before)}; in the draft, ${found(now)}.${none}`;
}

function noneFits(now) {
  return now.looked_at === 0 ? " Its condition fits no bar, or its column is empty." : "";
}
