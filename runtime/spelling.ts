// Which known word a person probably meant by an unknown one. Pure.

/** The known word that is few letters away (at most two, and a third of the word); undefined where none is. */
export function closestWord(word: string, known: Iterable<string>): string | undefined {
  let closest: string | undefined;
  let least = Math.min(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance < least) [closest, least] = [candidate, distance];
  }
  return closest;
}

/** Letters added, left out, changed or swapped with their neighbour on the way from one word to the other. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const [row, above, twoAbove] = [[i], rows[i - 1]!, rows[i - 2]];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwapped && twoAbove !== undefined ? twoAbove[j - 2]! + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(row[j - 1]! + 1, above[j]! + 1, above[j - 1]! + (isSame ? 0 : 1), swapped));
    }
    rows.push(row);
  }
  return rows.at(-1)!.at(-1)!;
}
