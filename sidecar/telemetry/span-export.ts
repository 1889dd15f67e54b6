// Sends spans to an OTLP/HTTP endpoint through the OpenTelemetry SDK, in batches, beside the requests. Loaded only where an
// endpoint is set. An endpoint that does not answer costs spans, never a request: the queue of the SDK is bounded.
import { hostname } from 'node:os';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, type IdGenerator, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Span, SpanSink } from './span.ts';

export interface SpanExportOptions {
  readonly endpoint: string;
  readonly name: string;
  readonly namespace: string;
}

const BATCH_EVERY_MS = 1000;
const EXPORT_TIMEOUT_MS = 3000;
/** How long a stopping replica waits for the last spans to be taken. */
const LAST_SPANS_MS = 2000;

const kinds = {
  server: SpanKind.SERVER,
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
} as const;

export class SpanExport implements SpanSink {
  readonly #ids = new GivenIds();
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #clock: Clock;

  constructor({ endpoint, name, namespace }: SpanExportOptions, clock: Clock, logger: Logger) {
    this.#clock = clock;
    const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint), timeoutMillis: EXPORT_TIMEOUT_MS });
    this.#provider = new TracerProvider({
      idGenerator: this.#ids,
      // What is not sampled does not come here.
      sampler: new AlwaysOnSampler(),
      resource: resourceFromAttributes({
        'service.name': name,
        'service.namespace': namespace,
        'service.instance.id': hostname(),
      }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: tellingOfFailures(exporter, logger),
          scheduledDelayMillis: BATCH_EVERY_MS,
          exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('inference-sidecar');
  }

  emit({ name, kind, parentSpanId, startMs, endMs, attributes, isError, traceId, spanId }: Span): void {
    this.#ids.next = { traceId, spanId };
    const parent =
      parentSpanId === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED });
    const span = this.#tracer.startSpan(name, { kind: kinds[kind], startTime: startMs, attributes }, parent);
    if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endMs);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      const enough = this.#clock.after(LAST_SPANS_MS, resolve);
      const done = () => {
        enough.cancel();
        resolve();
      };
      this.#provider.shutdown().then(done, done);
    });
  }
}

/** The ids were given to the container before the span was made. */
class GivenIds implements IdGenerator {
  next = { traceId: '', spanId: '' };

  generateTraceId(): string {
    return this.next.traceId;
  }

  generateSpanId(): string {
    return this.next.spanId;
  }
}

/** One line when it begins to fail and one when it works again, not one a batch. */
function tellingOfFailures(exporter: OTLPTraceExporter, logger: Logger): OTLPTraceExporter {
  const send = exporter.export.bind(exporter);
  let isFailing = false;
  exporter.export = (spans, done) => {
    send(spans, (result) => {
      if (result.error !== undefined && !isFailing) {
        logger.warn({ why: result.error.message }, 'the traces endpoint does not take spans: they are dropped');
      } else if (result.error === undefined && isFailing) {
        logger.info('the traces endpoint takes spans again');
      }
      isFailing = result.error !== undefined;
      done(result);
    });
  };
  return exporter;
}

/** As other senders of OTLP do: an address without a path means the usual path. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}
