// W3C Trace Context: where a client sends no `traceparent`, the trace begins here, so that the container's spans and
// whatever it calls belong together. A client's own passes through unchanged.
import { randomBytes } from 'node:crypto';

/** Sampled, as a root span of the OpenTelemetry SDKs is by default: the container decides as it would without us. */
export function newTraceParent(): string {
  const ids = randomBytes(24).toString('hex');
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`;
}
