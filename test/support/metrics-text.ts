// What a program's metrics say, out of the text that Prometheus gets.

/** The value of the series with these labels, whatever others it has; undefined where there is none. */
export function seriesValue(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  for (const line of text.split('\n')) {
    const [, found, given = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found === name && wanted.every((pair) => `,${given},`.includes(`,${pair},`))) return Number(value);
  }
  return undefined;
}
