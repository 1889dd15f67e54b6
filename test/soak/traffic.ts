// The traffic of the soak: a number of clients, each doing one thing after the other, chosen at random from a fixed seed.
import { Fuzz } from '../support/fuzz.ts';
import { type Tally, Visit } from './visit.ts';

export type Kinds = Readonly<Record<string, (visit: Visit) => Promise<void>>>;

export class Traffic {
  readonly surprises: string[] = [];
  /** By kind of client. */
  readonly tallies: Record<string, Tally> = {};
  readonly #url: string;
  readonly #random = new Fuzz(1);
  readonly #clients: Promise<void>[] = [];
  #isStopped = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** So many clients, each of one of these kinds at a time. */
  add(kinds: Kinds, clients: number): void {
    for (const name of Object.keys(kinds)) this.tallies[name] = { requests: 0, refused: 0, failed: 0 };
    for (let i = 0; i < clients; i++) this.#clients.push(this.#client(kinds));
  }

  get total(): Tally {
    const total = { requests: 0, refused: 0, failed: 0 };
    for (const { requests, refused, failed } of Object.values(this.tallies)) {
      total.requests += requests;
      total.refused += refused;
      total.failed += failed;
    }
    return total;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #client(kinds: Kinds): Promise<void> {
    const names = Object.keys(kinds);
    while (!this.#isStopped) {
      const name = this.#random.pick(names);
      const visit = new Visit(this.#url, this.#random, this.tallies[name]!, this.surprises);
      await kinds[name]!(visit).catch((error) => visit.surprise(`${name}: ${error}`));
    }
  }
}
