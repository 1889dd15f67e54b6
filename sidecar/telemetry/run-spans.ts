// A span for each run of an async request in the container, in the trace of the request that submitted it: the stored
// `traceparent` says which, whichever replica runs it. The container gets the run's own `traceparent`.
import type { CallContainer, CallOutcome } from '../queue/parts.ts';
import type { RawHeaders } from '../store/record.ts';
import type { Claim } from '../store/store.ts';
import { headerOf } from '../upstream/headers.ts';
import { newSpanId, parseTraceParent, traceParentOf } from '../upstream/trace.ts';
import type { SpanSink } from './span.ts';

export function withRunSpans(call: CallContainer, sink: SpanSink, nowMs: () => number): CallContainer {
  return async (claim, options) => {
    const parent = parseTraceParent(headerOf(claim.submission.headers, 'traceparent'));
    if (parent === undefined || !parent.isSampled) return call(claim, options);
    const own = { ...parent, spanId: newSpanId() };
    const headers = withTraceParent(claim.submission.headers, traceParentOf(own));
    const startMs = nowMs();
    const outcome = await call({ ...claim, submission: { ...claim.submission, headers } }, options);
    sink.emit({
      name: `run ${claim.submission.method}`,
      kind: 'consumer',
      traceId: own.traceId,
      spanId: own.spanId,
      parentSpanId: parent.spanId,
      startMs,
      endMs: nowMs(),
      attributes: { ...attributesOf(claim), ...endOf(outcome) },
      isError: outcome.kind !== 'answered' || outcome.response.status >= 500,
    });
    return outcome;
  };
}

function attributesOf({ id, submission, attempt, claimedAtMs, createdAtMs }: Claim): Record<string, string | number> {
  return {
    'http.request.method': submission.method,
    'inference.id': id,
    'inference.mode': submission.mode,
    'inference.attempt': attempt,
    'inference.queue_ms': claimedAtMs - createdAtMs,
  };
}

function endOf(outcome: CallOutcome): Record<string, string | number> {
  switch (outcome.kind) {
    case 'answered':
      return { 'http.response.status_code': outcome.response.status };
    case 'no_response':
      return { 'error.type': outcome.code };
    case 'too_large':
      return { 'error.type': 'upstream_too_large' };
    case 'aborted':
      return { 'error.type': 'aborted' };
  }
}

function withTraceParent(lines: RawHeaders, traceParent: string): string[] {
  return lines.map((text, i) => (i % 2 === 1 && lines[i - 1]!.toLowerCase() === 'traceparent' ? traceParent : text));
}
