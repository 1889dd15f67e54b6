// What is answered in the name of the server, before any API key is asked for: `OPTIONS *`, preflights, TRACE, and a request that may go
// no further. What is asked of the container goes on to it.

import type { Requests } from '../prefer/requests.ts';
import { type Cors, isPreflight } from './cors.ts';
import type { Exchange } from './exchange.ts';
import type { IncomingRequest } from './http/request.ts';
import { type Problem, problem } from './problem.ts';
import type { Route } from './route.ts';

/** What may be asked of a container. It may know fewer of them, or others. */
const ALLOW = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] as const;

export interface ServerMethods {
  /** Undefined: CORS is off, and a matter of the container. */
  readonly cors: Cors | undefined;
  /** API keys are configured. */
  readonly wantsKeys: boolean;
  readonly requests: Pick<Requests, 'status' | 'result'>;
}

/** Asked for by its method: what may be an affair of the server. */
export function isForServer({ method }: IncomingRequest): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

/** False: not answered, it is for the container. */
export function answerForServer(
  exchange: Exchange,
  route: Route,
  { cors, wantsKeys, requests }: ServerMethods,
): boolean {
  const { request, target } = exchange;
  if (cors !== undefined && isPreflight(request)) exchange.answer(204, [], '');
  // They say themselves which methods they know, to whoever asks.
  else if (route.kind !== 'container') void requests[route.kind](exchange);
  // Our header lines for the container are nobody else's business (RFC 9110, 9.3.8).
  else if (request.method === 'TRACE') exchange.answerProblem(traceRefused);
  else if (target === '*' || mayGoNoFurther(request)) exchange.answer(200, [...ALLOW], '');
  else if (wantsKeys && isPreflight(request)) exchange.answerProblem(corsOff);
  else return false;
  return true;
}

/** RFC 9110, 7.6.2: whoever receives 0 answers. */
function mayGoNoFurther({ headers }: IncomingRequest): boolean {
  return /^0+$/.test(String(headers['max-forwards'] ?? ''));
}

export function connectRefused(): Problem {
  return problem('method_not_allowed', 'CONNECT is for proxies to anywhere', { headers: ALLOW });
}

const traceRefused = problem('method_not_allowed', 'TRACE is not answered', { headers: ALLOW });
const corsOff = problem(
  'method_not_allowed',
  'CORS is off: name the origins of web pages in spec.cors.allowedOrigins (SIDECAR_CORS_ALLOWED_ORIGINS)',
  { headers: ALLOW },
);
