// One connection to the container, with at most one round trip on it:
//   connecting -> ready -> (taken -> written -> response complete) -> resting -> taken ... -> gone
// What comes while nobody waits for it, more than the response, or a close, ends it.
import { connect, type Socket } from 'node:net';
import type { RawHeaders } from '../../store/record.ts';
import { ClientFault } from './fault.ts';
import { BodySender, lastChunk } from './request-body.ts';
import type { ResponseHead } from './response-head.ts';
import { cutShort, ResponseParser, type ResponseSink } from './response-parser.ts';
import type { RoundTrip } from './round-trip.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Who hands out the connections. */
export interface ConnectionOwner {
  /** All connections read into the same memory: what is in it is used before the next read. */
  readonly readBuffer: Buffer;
  /** It can take another round trip for so long. */
  rested(connection: Connection, keepAliveMs: number): void;
  /** It ended before anything of this round trip was written. */
  missed(trip: RoundTrip): void;
  gone(connection: Connection): void;
  /** Our own code threw, and not for a round trip. Does not throw. */
  failed(error: unknown): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Below the 5 s of uvicorn and Node: a connection is given up here before the container closes it under a request. */
const KEEP_ALIVE_MS = 4_000;
const MOST_KEEP_ALIVE_MS = 600_000;
/** What a promise of the container is shortened by, for the same reason. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
/** Head and body up to this go out as one text, which Node writes without further memory. */
const ONE_WRITE_BYTES = 16_000;

export class Connection implements ResponseSink {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser = new ResponseParser(this);
  #trip: RoundTrip | undefined;
  #sender: BodySender | undefined;
  #isConnected = false;
  #isWritten = false;
  #isReceivingBody = false;
  #isPaused = false;
  /** The socket is another's. */
  #isHandedOver = false;
  #keepAliveMs = KEEP_ALIVE_MS;
  #error: Error | undefined;
  /** For the owner: when it came to rest, and until when it may. */
  restedInTurn = -1;
  restsUntilMs = 0;
  /** Something came since the owner last looked. It is made at such a moment. */
  #hasHeard = true;
  #heardAtMs = 0;

  constructor(address: Address, owner: ConnectionOwner, trip: RoundTrip) {
    this.#owner = owner;
    this.take(trip);
    this.#socket = this.#connect(address, trip.request.isUpgrade === true)
      .on('connect', () => this.#enter(this.#connected))
      .on('end', () => this.#enter(this.#ended))
      .on('error', (error) => {
        this.#error = error;
      })
      .on('close', () => this.#enter(this.#closed));
  }

  /** The socket of an upgrade may become its caller's: one that reads into lent memory cannot be handed over. */
  #connect(address: Address, isUpgrade: boolean): Socket {
    if (isUpgrade) return connect({ ...address, noDelay: true, allowHalfOpen: true }).on('data', this.#receivedChunk);
    const callback = (length: number, bytes: Uint8Array) => this.#received(length, bytes as Buffer);
    return connect({ ...address, noDelay: true, onread: { buffer: this.#owner.readBuffer, callback } });
  }

  get isResting(): boolean {
    return this.#trip === undefined;
  }

  take(trip: RoundTrip): void {
    this.#trip = trip;
    this.#isWritten = false;
    trip.carrier = this;
  }

  /** Writes the request of the round trip it has. */
  write(): void {
    const trip = this.#trip;
    if (trip === undefined || !this.#isConnected || this.#isWritten) return;
    this.#isWritten = true;
    this.#parser.expect(trip.request.method, trip.request.isUpgrade === true);
    const { body, trailers } = trip.request;
    if (body !== null && !(body instanceof Uint8Array)) {
      this.#socket.write(trip.head, 'latin1');
      const told = { failed: (error: Error) => this.fail(error), threw: (error: unknown) => this.threw(error) };
      this.#sender = new BodySender(this.#socket, body, trip.framing, told);
      this.#sender.start();
    } else if (trip.framing === 'chunked') {
      this.#socket.write(trip.head + inOneChunk(body, trailers ?? []), 'latin1');
    } else if (body === null || trip.head.length + body.length <= ONE_WRITE_BYTES) {
      this.#socket.write(trip.head + latin1(body), 'latin1');
    } else {
      this.#socket.cork();
      this.#socket.write(trip.head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#hasHeard = true;
    this.#socket.resume();
  }

  giveUp(trip: RoundTrip): void {
    if (this.#trip !== trip) return;
    this.#trip = undefined;
    this.destroy();
  }

  /** Ends it, and tells who is on it why. */
  fail(error: Error): void {
    const trip = this.#trip;
    this.#trip = undefined;
    this.destroy();
    if (trip === undefined || trip.isOver) return;
    trip.carrier = undefined;
    // It closed while it was resting: nothing was asked of it yet.
    if (this.#isConnected && !this.#isWritten) {
      this.#owner.missed(trip);
      return;
    }
    trip.over();
    trip.handler.onResponseError(error);
  }

  destroy(): void {
    this.#sender?.stop();
    this.#sender = undefined;
    this.#socket.destroy();
    this.#owner.gone(this);
  }

  /** Looked at from time to time: connecting, and silence in the middle of a response body, may not take too long. */
  look(nowMs: number, longestSilenceMs: number): void {
    const isExpected = !this.#isConnected || (this.#isReceivingBody && !this.#isPaused);
    if (this.#hasHeard || !isExpected) {
      this.#hasHeard = false;
      this.#heardAtMs = nowMs;
    } else if (!this.#isConnected && nowMs - this.#heardAtMs >= CONNECT_TIMEOUT_MS) {
      this.fail(new ClientFault('CONNECT_TIMEOUT', `no connection within ${CONNECT_TIMEOUT_MS} ms`));
    } else if (this.#isConnected && nowMs - this.#heardAtMs >= longestSilenceMs) {
      this.fail(new ClientFault('SILENT', `no more of the response for ${longestSilenceMs} ms`));
    }
  }

  interim(head: ResponseHead): void {
    this.#trip?.handler.onInterim?.(head);
  }

  switched(head: ResponseHead, rest: Buffer): void {
    const trip = this.#trip;
    if (trip === undefined) return;
    this.#trip = undefined;
    this.#isHandedOver = true;
    trip.over();
    this.#owner.gone(this);
    this.#socket.off('data', this.#receivedChunk).pause();
    trip.handler.onUpgrade?.(head, this.#socket, rest);
  }

  head(head: ResponseHead): void {
    const { keepAliveSeconds } = head;
    this.#isReceivingBody = true;
    this.#keepAliveMs =
      keepAliveSeconds < 0
        ? KEEP_ALIVE_MS
        : Math.min(keepAliveSeconds * 1000 - KEEP_ALIVE_MARGIN_MS, MOST_KEEP_ALIVE_MS);
    this.#trip?.handler.onResponseStart(head);
  }

  data(bytes: Buffer): void {
    this.#trip?.handler.onResponseData(bytes);
  }

  end(trailers: readonly string[], isClean: boolean): void {
    const trip = this.#trip;
    this.#isReceivingBody = false;
    if (trip === undefined) return;
    this.#trip = undefined;
    trip.over();
    // At rest before its caller hears of it: who comes next finds a connection.
    const isBodySent = this.#sender === undefined || this.#sender.isOver;
    if (isClean && isBodySent && !trip.isLast && this.#keepAliveMs > 0 && this.#error === undefined) this.#rest();
    else this.destroy();
    trip.handler.onResponseEnd(trailers);
  }

  #rest(): void {
    this.#sender = undefined;
    this.resume();
    this.#owner.rested(this, this.#keepAliveMs);
  }

  readonly #receivedChunk = (bytes: Buffer): void => void this.#received(bytes.length, bytes);

  /** True: read on. */
  #received(length: number, bytes: Buffer): true {
    const trip = this.#trip;
    try {
      this.#read(length, bytes);
    } catch (error) {
      if (error instanceof ClientFault) this.#enter(() => this.fail(error));
      else this.threw(error, trip);
    }
    return true;
  }

  #read(length: number, bytes: Buffer): void {
    const trip = this.#trip;
    this.#hasHeard = true;
    if (trip === undefined || !this.#isWritten) {
      this.fail(new ClientFault('CLOSED', 'it sent what nobody asked for'));
      return;
    }
    trip.hasBytes = true;
    this.#parser.read(bytes, length);
    if (this.#trip === trip && this.#isReceivingBody) trip.handler.onResponseLull?.();
  }

  readonly #connected = (): void => {
    this.#isConnected = true;
    this.write();
  };

  readonly #ended = (): void => {
    if (this.#isHandedOver) return;
    if (!this.#parser.finish()) this.fail(cutShort(this.#parser));
  };

  readonly #closed = (): void => this.fail(this.#error ?? cutShort(this.#parser));

  /** What the socket sets off. Whatever throws there ends this connection and its round trip, and nothing else. */
  #enter(step: () => void): void {
    const trip = this.#trip;
    try {
      step();
    } catch (error) {
      this.threw(error, trip);
    }
  }

  /** Our own code threw while it was at work for this connection. */
  threw(error: unknown, trip = this.#trip): void {
    this.#trip = undefined;
    this.#socket.destroy();
    this.#owner.gone(this);
    if (trip === undefined) this.#owner.failed(error);
    else {
      trip.over();
      trip.handler.failed(error);
    }
  }
}

/** With trailers, which only a chunked body can have. */
function inOneChunk(body: Uint8Array | null, trailers: RawHeaders): string {
  const data = latin1(body);
  return (data === '' ? '' : `${data.length.toString(16)}\r\n${data}\r\n`) + lastChunk(trailers);
}

function latin1(bytes: Uint8Array | null): string {
  if (bytes === null) return '';
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('latin1');
}
