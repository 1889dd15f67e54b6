// Node's own HTTP/1.1 parser, llhttp, where this program gets it from: `HTTPParser` of node:_http_common, as node:http uses it. This
// file and socket-reader.ts are the ones that know what Node keeps inside. Looked at when the program starts; a test holds all of it
// on the pinned Node.

/** What llhttp objects to: `code` is one of its HPE_ words. */
export type ParserFault = NodeJS.ErrnoException;

export interface Parser {
  /** What it calls, by the numbers that the class has for them. */
  [slot: number]: unknown;
  initialize(kind: number, resource: object, maxHeaderBytes: number, lenientFlags: number): void;
  execute(bytes: Uint8Array): number | ParserFault;
  finish(): ParserFault | undefined;
  /** From now on it gets what the handle reads. */
  consume(handle: object): void;
  unconsume(): void;
  /** A copy of the packet; in `kOnExecute` only. */
  getCurrentBuffer(): Buffer;
  /** Frees its memory: not while its own code is on the stack. */
  close(): void;
}

/** Arguments of `kOnHeadersComplete`. Lines and URL are undefined where they came in parts. */
export type HeadersComplete = [
  httpVersionMajor: number,
  httpVersionMinor: number,
  lines: readonly string[] | undefined,
  method: number,
  url: string | undefined,
  status: undefined,
  reason: undefined,
  wantsUpgrade: boolean,
  isKeptAlive: boolean,
];

type Slot = 'kOnMessageBegin' | 'kOnHeaders' | 'kOnHeadersComplete' | 'kOnBody' | 'kOnMessageComplete' | 'kOnExecute';
type ParserClass = Readonly<Record<Slot | 'REQUEST', number>> & { new (): Parser };

/** What is asked of node:_http_common. */
export interface HttpWithin {
  readonly HTTPParser?: ParserClass;
  readonly methods?: readonly string[];
}

const ASKED_OF_IT = ['initialize', 'execute', 'finish', 'consume', 'unconsume', 'getCurrentBuffer', 'close'] as const;
/** No leniency of any kind. */
const STRICT = 0;

export class NodeParser {
  readonly slots: Readonly<Record<Slot, number>>;
  /** By llhttp's number. */
  readonly methods: readonly string[];
  readonly #Parser: ParserClass;

  /** Throws where this Node is made otherwise. */
  constructor(within: HttpWithin = process.getBuiltinModule('node:_http_common') as HttpWithin) {
    if (typeof within?.HTTPParser !== 'function' || !Array.isArray(within.methods)) throw unfit('HTTPParser');
    this.#Parser = within.HTTPParser;
    for (const name of ASKED_OF_IT) {
      if (typeof this.#Parser.prototype[name] !== 'function') throw unfit(`HTTPParser.${name}`);
    }
    this.slots = this.#Parser;
    this.methods = this.#methodsByNumber(within.methods);
  }

  /** One for one socket: it is not used again for another. */
  create(maxHeaderBytes: number, resource: object): Parser {
    const parser = new this.#Parser();
    parser.initialize(this.#Parser.REQUEST, resource, maxHeaderBytes, STRICT);
    return parser;
  }

  /** Each is read once, to learn its number; and that the parser calls back at all. */
  #methodsByNumber(names: readonly string[]): readonly string[] {
    const byNumber: string[] = [];
    for (const name of names) {
      const parser = this.create(1_000, {});
      parser[this.slots.kOnHeadersComplete] = (...[, , , method]: HeadersComplete) => {
        byNumber[method] = name;
        return 0;
      };
      parser.execute(Buffer.from(`${name} ${name === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\n\r\n`));
      parser.close();
      if (!byNumber.includes(name)) throw unfit(`HTTPParser that reads ${name}`);
    }
    return byNumber;
  }
}

export function unfit(what: string): Error {
  return new Error(
    `Node ${process.version} has no ${what} as this program knows it: run it with the Node it was built for`,
  );
}
