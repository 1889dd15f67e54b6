// One WebSocket's way: the line, a slot for as long as it is open, the container. The deadline counts until it is open;
// after that only silence ends it.
import type { Socket } from 'node:net';
import type { Exchange } from '../ingress/exchange.ts';
import { problem } from '../ingress/problem.ts';
import type { Slot } from '../queue/parts.ts';
import type { RawHeaders } from '../store/record.ts';
import type { WebSockets } from '../upstream/websocket.ts';
import { admissionProblem, dismissal } from './admission.ts';
import type { Waiter } from './gate.ts';
import { MOST_REFUSALS, type PassageWays } from './passage.ts';

const MOST_EARLY_CHUNKS = 4;

export class SocketPassage implements Waiter {
  readonly #exchange: Exchange;
  readonly #headers: RawHeaders;
  readonly #socket: Socket;
  readonly #webSockets: WebSockets;
  readonly #ways: PassageWays;
  readonly #deadline: ReturnType<PassageWays['deadlines']['start']>;
  #place: ReturnType<PassageWays['gate']['enter']>;
  #slot: Slot | undefined;
  /** What the client has sent before the connection was open. Read all the same, or its leaving would not be noticed. */
  readonly #early: Buffer[];
  #refusals = 0;

  constructor(
    exchange: Exchange,
    headers: RawHeaders,
    socket: Socket,
    rest: Buffer,
    webSockets: WebSockets,
    ways: PassageWays,
  ) {
    this.#exchange = exchange;
    this.#headers = headers;
    this.#socket = socket;
    this.#early = [rest];
    this.#webSockets = webSockets;
    this.#ways = ways;
    this.#deadline = ways.deadlines.start(this, exchange.arrivedAtMs);
    exchange.onClientGone(() => this.#leaveLine());
    socket.on('close', this.#closed).on('data', this.#tooEarly).on('end', this.#left);
  }

  throughGate(): void {
    const { gate, rate, deadlines } = this.#ways;
    const refusal = admissionProblem(gate, rate, deadlines.ttlMs);
    if (refusal !== undefined) {
      this.#exchange.answerProblem(refusal);
      return;
    }
    const place = gate.enter(this);
    if (place !== undefined) this.#place = place;
  }

  admitted(slot: Slot): void {
    this.#slot = slot;
    this.#place = undefined;
    this.#exchange.admitted();
    const opened = () => {
      this.#ways.deadlines.cancel(this.#deadline);
      this.#handOver();
    };
    const refused = (error: Error) => this.#waitAgain(error);
    this.#webSockets.connect(this.#exchange, this.#headers, { socket: this.#socket, opened, refused });
  }

  expired(): void {
    const isInside = this.#slot !== undefined;
    this.#leaveLine();
    const code = isInside ? 'upstream_timeout' : 'request_expired';
    this.#exchange.answerProblem(problem(code, 'the WebSocket did not open within the time to live'));
  }

  dismissed(): void {
    this.#leaveLine();
    this.#exchange.answerProblem(dismissal);
  }

  readonly #tooEarly = (chunk: Buffer): void => {
    this.#early.push(chunk);
    // No WebSocket client sends before it may; one that does, and much, is none.
    if (this.#early.length > MOST_EARLY_CHUNKS) this.#socket.destroy();
  };

  /** The container restarts: first in line again, its turn had come already. False: it is no restart. */
  #waitAgain(error: Error): boolean {
    if (++this.#refusals > MOST_REFUSALS || this.#ways.isClosing() || !this.#ways.waitsForRestart(error)) return false;
    const slot = this.#slot;
    this.#slot = undefined;
    this.#place = this.#ways.gate.enterAgain(this);
    slot?.release();
    return true;
  }

  /** From here on the socket is read by the relay, beginning with what came early. */
  #handOver(): void {
    this.#socket.off('data', this.#tooEarly).off('end', this.#left).pause();
    const early = Buffer.concat(this.#early);
    if (early.length > 0) this.#socket.unshift(early);
  }

  /** Half closed: nobody waits half for a WebSocket. */
  readonly #left = (): void => {
    this.#socket.destroy();
  };

  /** The client's connection is gone; the container's goes with it. */
  readonly #closed = (): void => {
    this.#ways.deadlines.cancel(this.#deadline);
    this.#slot?.release();
    this.#slot = undefined;
  };

  #leaveLine(): void {
    if (this.#place === undefined) return;
    this.#ways.gate.leave(this.#place);
    this.#place = undefined;
    this.#exchange.endsInLine();
  }
}
