// What memory has to take back when a transaction does not come to stay.

export class Undo {
  #steps: (() => unknown)[] = [];

  orElse(step: () => unknown): void {
    this.#steps.push(step);
  }

  forget(): void {
    if (this.#steps.length > 0) this.#steps = [];
  }

  /** The latest first. */
  play(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps.reverse()) step();
  }
}
