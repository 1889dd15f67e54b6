// One line a request when it ends: fields, no bodies, no headers, no query (it may hold secrets).
import type { Logger } from '../../runtime/logger.ts';
import type { BrokenAnswer } from '../ingress/broken.ts';
import type { Exchange } from '../ingress/exchange.ts';
import { problems } from '../ingress/problem.ts';
import type { RequestEnd } from '../queue/observer.ts';

export interface AccessLog {
  ended(exchange: Exchange, durationMs: number): void;
  /** An accepted request has ended, long after the 202 that its client got. */
  acceptedEnded(end: RequestEnd): void;
  /** Bytes that never became a request: what their sender was told, so that the id it was given can be found. */
  broken(answer: BrokenAnswer, client: string): void;
}

export function createAccessLog(logger: Logger): AccessLog {
  const log = logger.child({ log: 'access' });
  return {
    ended(exchange, durationMs) {
      if (exchange.mode !== 'health') log.info(fieldsOf(exchange, durationMs), 'request');
    },
    acceptedEnded(end) {
      log.info(fieldsOfEnd(end), 'async request ended');
    },
    broken({ id, problem: { code } }, client) {
      log.info({ id, mode: 'broken', status: problems[code].status, problem: code, client }, 'request');
    },
  };
}

function fieldsOf(exchange: Exchange, durationMs: number): object {
  return {
    id: exchange.id,
    mode: exchange.mode,
    method: exchange.request.method,
    path: pathOf(exchange.request.url ?? ''),
    status: exchange.status,
    problem: exchange.problem?.code,
    owner: exchange.owner === '' ? undefined : exchange.owner,
    client: exchange.remoteAddress,
    queueMs: Math.round(exchange.queueMs),
    upstreamMs: exchange.upstreamMs < 0 ? undefined : Math.round(exchange.upstreamMs),
    durationMs: Math.round(durationMs),
    left: exchange.hasClientLeft || undefined,
  };
}

function fieldsOfEnd({ id, outcome, code, error, attempt }: RequestEnd): object {
  return {
    id,
    mode: attempt?.mode,
    outcome,
    status: outcome === 'answered' ? Number(code) : undefined,
    problem: outcome === 'answered' ? undefined : code,
    error,
    attempts: attempt?.number,
    queueMs: attempt && Math.round(attempt.waitedMs),
    upstreamMs: attempt && Math.round(attempt.ranMs),
  };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
