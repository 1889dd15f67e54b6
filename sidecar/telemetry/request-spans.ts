// The spans of one request: the whole of it, its wait in the line, its time inside the container. Pure.
// Async requests have only the first; what becomes of them later is in run-spans.ts.
import type { Exchange } from '../ingress/exchange.ts';
import { newSpanId } from '../upstream/trace.ts';
import type { Span } from './span.ts';

export type EndedRequest = Pick<
  Exchange,
  'trace' | 'id' | 'mode' | 'prefix' | 'status' | 'queueMs' | 'isAdmitted' | 'upstreamMs' | 'problem' | 'request'
>;

/** Who waited for a turn that did not come; other refusals came at the door. */
const GAVE_UP_IN_LINE = new Set<string>(['request_expired', 'draining']);

export function requestSpans(request: EndedRequest, startMs: number, durationMs: number): readonly Span[] {
  const { trace, mode } = request;
  // Health checks are as little traced as they are logged.
  if (trace === undefined || !trace.isSampled || mode === 'health') return [];
  const endMs = startMs + durationMs;
  const { traceId, spanId, parentSpanId } = trace;
  const name = `${request.request.method} ${routeOf(request)}`;
  const isError = request.status >= 500;
  const whole: Span = {
    ...{ name, kind: 'server', traceId, spanId, parentSpanId, startMs, endMs, isError },
    attributes: attributesOf(request),
  };
  return [whole, ...stages(request, whole)];
}

function stages(
  { trace, mode, queueMs, isAdmitted, upstreamMs, problem, status }: EndedRequest,
  whole: Span,
): readonly Span[] {
  if (trace === undefined || mode === 'async' || mode === 'proxy' || mode === 'lookup') return [];
  const { traceId, spanId: parentSpanId, startMs, endMs } = whole;
  if (!isAdmitted && problem !== undefined && !GAVE_UP_IN_LINE.has(problem.code)) return [];
  const admittedMs = isAdmitted ? Math.min(startMs + queueMs, endMs) : endMs;
  const within = { traceId, parentSpanId };
  const waiting: Span = {
    ...{ ...within, name: 'wait in line', kind: 'internal', spanId: newSpanId(), startMs, endMs: admittedMs },
    ...{ attributes: {}, isError: false },
  };
  if (!isAdmitted) return [waiting];
  const inside: Span = {
    ...{ ...within, name: 'container', kind: 'client', spanId: trace.containerSpanId, startMs: admittedMs, endMs },
    attributes: upstreamMs < 0 ? errorOf(problem?.code) : { 'http.response.status_code': status },
    isError: problem !== undefined || status >= 500,
  };
  return [waiting, inside];
}

function attributesOf(request: EndedRequest): Record<string, string | number> {
  const { id, mode, status, queueMs, upstreamMs, problem } = request;
  return {
    'http.request.method': request.request.method ?? '',
    'http.route': routeOf(request),
    'url.path': pathOf(request),
    // 499 is ours: the client left before there was a status.
    ...(status === 499 ? errorOf('client_left') : { 'http.response.status_code': status }),
    'inference.id': id,
    'inference.mode': mode,
    'inference.queue_ms': queueMs,
    ...(upstreamMs < 0 ? {} : { 'inference.upstream_ms': upstreamMs }),
    ...errorOf(problem?.code),
  };
}

function errorOf(code: string | undefined): Record<string, string> {
  return code === undefined ? {} : { 'error.type': code };
}

/** Few of them, as span names must be: the container's paths are not ours to know. */
function routeOf(request: EndedRequest): string {
  return request.mode === 'lookup' ? pathOf(request) : `${request.prefix}/{path}`;
}

/** Without the query, which may hold secrets. */
function pathOf({ request }: EndedRequest): string {
  const target = request.url ?? '';
  const end = target.indexOf('?');
  return end < 0 ? target : target.slice(0, end);
}
