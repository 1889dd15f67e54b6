// What all client connections share: the parser, their limits and memory, and who is told of what comes on them.
import type { Socket } from 'node:net';
import type { Clock } from '../../../runtime/clock.ts';
import type { MemoryBudget } from '../../memory-budget.ts';
import type { ConnectionLimits } from '../limits.ts';
import type { Answer } from './answer.ts';
import type { AnswerHeads } from './answer-head.ts';
import type { ClientConnection } from './connection.ts';
import type { NodeParser } from './node-parser.ts';
import type { IncomingRequest } from './request.ts';

export interface ConnectionWays {
  readonly parser: NodeParser;
  readonly heads: AnswerHeads;
  readonly limits: ConnectionLimits;
  readonly memory: MemoryBudget;
  /** Longest time in which the client reads nothing of what is written to it. */
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  request(request: IncomingRequest, answer: Answer): void;
  /** The socket is the handler's from now on, but for what the answer writes. */
  upgrade(request: IncomingRequest, answer: Answer, socket: Socket, rest: Buffer): void;
  /** What to say to bytes that are not HTTP, or did not come in time. */
  broken(error: NodeJS.ErrnoException, client: string): string;
  /** True while the replica drains: no connection outlasts its answer, also where the head of that has promised otherwise. */
  isDraining(): boolean;
  gone(connection: ClientConnection): void;
  /** Our own code threw, and not for a request. Does not throw. */
  failed(error: unknown): void;
}
