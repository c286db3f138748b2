// Finding an expectation in the catalogue.

const UNSUPPORTED = "Not for bars in pandas";

// The entries in which every word occurs, whatever its case.
export function searched(entries, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    const market = entry.market ? "market" : "";
    const text =
      `${entry.title} ${entry.type} ${entry.summary} ${entry.topic} ${market}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

// Pairs of a topic and its entries, as the catalogue has them; what cannot be used comes last.
export function topics(entries) {
  const found = new Map();
  for (const entry of entries) {
    const topic = topicOf(entry);
    found.set(topic, [...(found.get(topic) ?? []), entry]);
  }
  return [...found].sort(
    ([one], [other]) => Number(one === UNSUPPORTED) - Number(other === UNSUPPORTED),
  );
}

function topicOf(entry) {
  if (entry.unsupported) return UNSUPPORTED;
  return entry.market ? `Market: ${entry.topic}` : entry.topic;
}
