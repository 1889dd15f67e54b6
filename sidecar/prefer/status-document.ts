// The status document of an async request, in the four words that Verda's SDK knows. Pure.
// There is no word for failed, expired or canceled: they read `Completed` with `Error` set, or official clients loop.
import type { QueuedStatus } from '../queue/queue.ts';

export interface StatusDocument {
  readonly Id: string;
  readonly Status: 'Queue' | 'Inference' | 'Completed';
  readonly Error: string | null;
  readonly QueuePosition: number | null;
  readonly EstimatedWaitSeconds: number | null;
  readonly Attempts: number;
  readonly CreatedAt: string | null;
  readonly StartedAt: string | null;
  readonly CompletedAt: string | null;
}

const words = { queued: 'Queue', running: 'Inference', done: 'Completed' } as const;

export function statusDocument(status: QueuedStatus): StatusDocument {
  return {
    Id: status.id,
    Status: words[status.state],
    Error: status.error,
    QueuePosition: status.position,
    EstimatedWaitSeconds: status.estimatedWaitSeconds,
    Attempts: status.attempts,
    CreatedAt: isoTime(status.createdAtMs),
    StartedAt: isoTime(status.startedAtMs),
    CompletedAt: isoTime(status.completedAtMs),
  };
}

/** For a request that is not there or may not be seen: the same shape, so that clients neither loop nor raise. */
export function unknownDocument(id: string, error: string): StatusDocument {
  return {
    Id: id,
    Status: 'Completed',
    Error: error,
    QueuePosition: null,
    EstimatedWaitSeconds: null,
    Attempts: 0,
    CreatedAt: null,
    StartedAt: null,
    CompletedAt: null,
  };
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
