// Traces where an endpoint for them is set: which spans requests and runs of async work have, and whose children they are.
// Spans are made when all is known, at the end; on the way there are only ids. The SDK that sends them is loaded only here.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { SidecarSettings } from '../contract.ts';
import type { CallContainer } from '../queue/parts.ts';
import { newSpanId, newTraceId, parseTraceParent, type RequestTrace } from '../upstream/trace.ts';
import { type EndedRequest, requestSpans } from './request-spans.ts';
import { withRunSpans } from './run-spans.ts';
import type { SpanSink } from './span.ts';

export class Traces {
  readonly #sink: SpanSink;
  readonly #clock: Clock;

  constructor(sink: SpanSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  begin(traceParent: string | undefined): RequestTrace {
    const parent = parseTraceParent(traceParent);
    return {
      traceId: parent?.traceId ?? newTraceId(),
      spanId: newSpanId(),
      isSampled: parent?.isSampled ?? true,
      parentSpanId: parent?.spanId,
      containerSpanId: newSpanId(),
    };
  }

  ended(request: EndedRequest, durationMs: number): void {
    const startMs = this.#clock.nowMs() - durationMs;
    for (const span of requestSpans(request, startMs, durationMs)) this.#sink.emit(span);
  }

  ofRuns(call: CallContainer): CallContainer {
    return withRunSpans(call, this.#sink, () => this.#clock.nowMs());
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

export async function openTraces(
  settings: SidecarSettings,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<Traces | undefined> {
  const { tracesEndpoint: endpoint, name, namespace } = settings;
  if (endpoint === '') return undefined;
  const { SpanExport } = await import('./span-export.ts');
  return new Traces(new SpanExport({ endpoint, name, namespace }, clock, logger), clock);
}
