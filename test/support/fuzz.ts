// Random HTTP, mostly malformed, from a seed: well-formed requests that are mutated, cut, joined and split into packets.

export class Fuzz {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed + 1) * 0x9e3779b9;
  }

  /** 0 to 1. mulberry32: small, and the same on every machine. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  upTo(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(options: readonly T[]): T {
    return options[this.upTo(options.length)]!;
  }

  /** One connection's bytes in packets. */
  packets(): readonly Buffer[] {
    let bytes: Buffer = Buffer.concat(Array.from({ length: 1 + this.upTo(3) }, () => this.#request()));
    for (let i = this.upTo(4); i > 0; i--) bytes = this.mutated(bytes);
    return this.split(bytes);
  }

  split(bytes: Buffer): readonly Buffer[] {
    const packets: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = this.chance(0.2) ? 1 + this.upTo(3) : 1 + this.upTo(bytes.length);
      packets.push(bytes.subarray(at, at + size));
      at += size;
    }
    return packets;
  }

  #request(): Buffer {
    const body = 'x'.repeat(this.upTo(200));
    const framing = this.pick([
      `Content-Length: ${body.length}`,
      'Transfer-Encoding: chunked',
      `Content-Length: ${this.upTo(300)}`,
      'Transfer-Encoding: chunked\r\nContent-Length: 5',
      'Expect: 100-continue\r\nContent-Length: 5',
      'X-None: 1',
    ]);
    const lines = Array.from({ length: this.upTo(5) }, () => this.pick(HEADER_LINES));
    const head = [
      `${this.pick(METHODS)} ${this.pick(TARGETS)} ${this.pick(VERSIONS)}`,
      'Host: a',
      framing,
      ...lines,
      '',
      '',
    ];
    const content = framing.includes('chunked') ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
    return Buffer.from(head.join('\r\n') + content, 'latin1');
  }

  /** One thing about it is wrong now, probably. */
  mutated(bytes: Buffer): Buffer {
    const at = this.upTo(bytes.length + 1);
    const cut = [bytes.subarray(0, at), bytes.subarray(at)] as const;
    switch (this.upTo(6)) {
      case 0:
        return Buffer.concat([cut[0], Buffer.from([this.upTo(256)]), cut[1]]);
      case 1:
        return Buffer.concat([cut[0], cut[1].subarray(1 + this.upTo(8))]);
      case 2:
        return Buffer.concat([cut[0], Buffer.from(this.pick(SNIPPETS), 'latin1'), cut[1]]);
      case 3:
        return cut[0];
      case 4:
        return Buffer.concat([cut[1], cut[0]]);
      default: {
        const changed = Buffer.from(bytes);
        if (changed.length > 0) changed[this.upTo(changed.length)] = this.upTo(256);
        return changed;
      }
    }
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'get', 'X', ''];
const TARGETS = [
  '/echo',
  '/demo/echo',
  '/status/demo',
  '/result/demo',
  '/chunks?count=5',
  '/early',
  '/half',
  '/reset',
  '/ws',
  '*',
  'http://x/echo',
  '//',
  '/\x7f',
  '',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', ''];
const HEADER_LINES = [
  'Prefer: respond-async',
  'Prefer: respond-async-proxy',
  'Prefer: respond-async, wait=1',
  'X-Inference-Id: fuzz',
  'X-Inference-Id: \x80',
  'Connection: close',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Upgrade: h2c',
  'Host: b',
  ' folded: 1',
  'Content-Length: 1',
  'Transfer-Encoding: gzip',
  'Accept: text/event-stream',
  'X-A: \x00',
  'no colon',
];
const SNIPPETS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '0\r\n\r\n',
  ': ',
  '\x00',
  'ffffffff\r\n',
  '-1\r\n',
  ' HTTP/1.1\r\n',
  'Content-Length: 99\r\n',
  '\xff\xfe',
];
