// W3C Trace Context: reading and writing `traceparent`. Where a client sends none, the trace begins here, so that the
// container's spans and whatever it calls belong together. Without a traces endpoint a client's own passes through unchanged.
import { randomHex } from '../../runtime/random-id.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** A span as its children know it. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** The ids of a request's spans, given before there are any spans: the container is told whose child it is. */
export interface RequestTrace extends TraceContext {
  /** The client's span; undefined where the trace begins here. */
  readonly parentSpanId: string | undefined;
  readonly containerSpanId: string;
}

/** Sampled, as a root span of the OpenTelemetry SDKs is by default: the container decides as it would without us. */
export function newTraceParent(): string {
  const ids = randomHex(TRACE_ID_BYTES + SPAN_ID_BYTES);
  return `00-${ids.slice(0, 2 * TRACE_ID_BYTES)}-${ids.slice(2 * TRACE_ID_BYTES)}-01`;
}

export function traceParentOf({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** Undefined for what is none: the trace begins anew. Later versions may have more fields behind the ones of version 00. */
export function parseTraceParent(text: string | undefined): TraceContext | undefined {
  const parts = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(
    text ?? '',
  );
  if (parts === null || (parts[1] === '00' && parts[5] !== undefined)) return undefined;
  return { traceId: parts[2]!, spanId: parts[3]!, isSampled: (Number.parseInt(parts[4]!, 16) & 1) === 1 };
}

export function newTraceId(): string {
  return randomHex(TRACE_ID_BYTES);
}

export function newSpanId(): string {
  return randomHex(SPAN_ID_BYTES);
}
