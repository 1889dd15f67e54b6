// One line a request when it ends: fields, no bodies, no headers, no query (it may hold secrets).
import type { Logger } from '../../runtime/logger.ts';
import type { Exchange } from '../ingress/exchange.ts';

export type AccessLog = (exchange: Exchange, durationMs: number) => void;

export function createAccessLog(logger: Logger): AccessLog {
  const log = logger.child({ log: 'access' });
  return (exchange, durationMs) => {
    if (exchange.mode === 'health') return;
    log.info(
      {
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
      },
      'request',
    );
  };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
