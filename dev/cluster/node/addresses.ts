// Loopback addresses for one node and its pods: 127.a.b.1 is the node, the others of that /24 its pods, so that every pod has all its
// ports to itself. A listener on the kubelet's port of the node's address keeps other agents on this machine off the same /24.
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const kubeletPort = 10_250;

export class AddressRange {
  readonly hostIP: string;
  readonly #prefix: string;
  readonly #claim: Server;
  readonly #used = new Set<number>();
  #last = 1;

  constructor(prefix: string, claim: Server) {
    this.#prefix = prefix;
    this.#claim = claim;
    this.hostIP = `${prefix}.1`;
  }

  /** The next free one in turn: an address that was just given up is not at once another pod's. */
  take(): string {
    for (let tried = 0; tried < 253; tried += 1) {
      this.#last = this.#last >= 254 ? 2 : this.#last + 1;
      if (this.#used.has(this.#last)) continue;
      this.#used.add(this.#last);
      return `${this.#prefix}.${this.#last}`;
    }
    throw new Error(`all addresses of ${this.#prefix}.0/24 are in use`);
  }

  release(address: string): void {
    this.#used.delete(Number(address.split('.')[3]));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#claim.close(() => resolve()));
  }
}

export async function claimRange(): Promise<AddressRange> {
  for (let tried = 0; tried < 100; tried += 1) {
    const prefix = `127.${randomInt(64, 250)}.${randomInt(1, 250)}`;
    const claim = await listen(`${prefix}.1`);
    if (claim) return new AddressRange(prefix, claim);
  }
  throw new Error(
    `no loopback range is free: could not listen on port ${kubeletPort} of any 127.x.y.1 (on macOS only 127.0.0.1 exists)`,
  );
}

function listen(host: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(kubeletPort, host, () => resolve(server.unref()));
  });
}
