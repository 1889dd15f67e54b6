// A span that is over, in our own words, so that only span-export.ts knows the OpenTelemetry SDK.

export interface Span {
  readonly name: string;
  readonly kind: 'server' | 'internal' | 'client' | 'consumer';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

export interface SpanSink {
  /** Never throws, never waits. */
  emit(span: Span): void;
  /** Sends what is left, for as long as that is reasonable. Never rejects. */
  close(): Promise<void>;
}
