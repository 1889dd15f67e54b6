// The text a prompt gets: always the same for the same prompt, token by token, so that an answer can be compared byte for
// byte. It reads like a story because people watch it stream. One token is one word with its leading space.
const actors = [
  'the robot',
  'a small machine',
  'the old painter',
  'its only friend',
  'the quiet engineer',
  'a passing cat',
];
const acts = ['mixed', 'studied', 'loved', 'forgot', 'imagined', 'touched', 'feared', 'remembered'];
const things = [
  'a deep blue',
  'the first light',
  'an empty canvas',
  'the smell of oil',
  'a crooked line',
  'warm shadows',
];
const ends = [
  'and smiled.',
  'until morning.',
  'without a word.',
  'for the first time.',
  'and began again.',
  'once more.',
];

export function wordsFor(prompt: string, count: number): string[] {
  const next = randomFrom(prompt);
  const words: string[] = [];
  const pick = (list: readonly string[]) => list[next() % list.length]!;
  while (words.length < count) {
    const actor = pick(actors);
    const sentence = `${actor.charAt(0).toUpperCase()}${actor.slice(1)} ${pick(acts)} ${pick(things)} ${pick(ends)}`;
    words.push(...sentence.split(' '));
  }
  return words.slice(0, count).map((word, index) => (index === 0 ? word : ` ${word}`));
}

export function countTokens(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** FNV-1a: a short stable name for a prompt, for ids that must not change from call to call. */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** xorshift32. Not Math.random: the same prompt must give the same text in every process. */
export function randomFrom(seed: string): () => number {
  let state = fingerprint(seed) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
