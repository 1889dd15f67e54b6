// A claim that does not hold: what was expected and what was seen instead. It ends the demo.
export class Shortfall extends Error {
  readonly expected: string;
  readonly seen: string;
  constructor(expected: string, seen: string) {
    super(`expected: ${expected}\nseen:     ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}
