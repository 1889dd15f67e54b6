// One request and its response: what the caller holds to slow it down or give it up, and what it is told.
import type { Socket } from 'node:net';
import type { RawHeaders } from '../../store/record.ts';
import type { ComingBody } from './request-body.ts';
import type { BodyFraming } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** Told of the response. Nothing more is told after `onResponseEnd`, `onResponseError` or an abort. */
export interface ResponseHandler {
  /** 102 or 103: zero or more before the response. */
  onInterim?(head: ResponseHead): void;
  onResponseStart(head: ResponseHead): void;
  /**
   * 101, where an upgrade was asked for, and nothing is told after it: the socket is the handler's, paused and half open, with `rest`
   * for the first bytes of the other protocol.
   */
  onUpgrade?(head: ResponseHead, socket: Socket, rest: Buffer): void;
  /** The bytes are lent: valid until the next `onResponseLull` or `onResponseEnd` returns. */
  onResponseData(bytes: Buffer): void;
  /** All of what came in one packet has been told, and the response goes on. */
  onResponseLull?(): void;
  onResponseEnd(trailers: readonly string[]): void;
  onResponseError(error: Error): void;
  /** One of these has thrown; nothing more is told. Does not throw. */
  failed(error: unknown): void;
}

export interface ContainerRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: RawHeaders;
  readonly body: Uint8Array | ComingBody | null;
  /** Of a body that is here already. One that is still coming brings its own. */
  readonly trailers?: RawHeaders;
  /** It asks for a WebSocket. */
  readonly isUpgrade?: boolean;
}

/** The connection a round trip is on. */
interface Carrier {
  pause(): void;
  resume(): void;
  giveUp(trip: RoundTrip): void;
}

export class RoundTrip {
  readonly request: ContainerRequest;
  readonly handler: ResponseHandler;
  /** As written. */
  readonly head: string;
  readonly framing: BodyFraming;
  /** The connection ends with the response. */
  readonly isLast: boolean;
  carrier: Carrier | undefined;
  isOver = false;
  /** Some bytes have come back, whatever they are: the container was at work on it. */
  hasBytes = false;

  constructor(
    request: ContainerRequest,
    handler: ResponseHandler,
    head: string,
    framing: BodyFraming,
    isLast: boolean,
  ) {
    this.request = request;
    this.handler = handler;
    this.head = head;
    this.framing = framing;
    this.isLast = isLast;
  }

  /** The container is not read from until `resume`. */
  pause(): void {
    this.carrier?.pause();
  }

  resume(): void {
    this.carrier?.resume();
  }

  /** Nothing more is told of it but how it ended. */
  over(): void {
    this.isOver = true;
    this.carrier = undefined;
  }

  /** Nobody wants the response: the container's connection closes. */
  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.carrier?.giveUp(this);
    this.carrier = undefined;
  }
}
