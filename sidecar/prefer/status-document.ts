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

/**
 * For a request of which nothing can be said, in the same shape: official clients look at no status code. Not there, or not to be
 * seen, reads completed, so that they do not loop; where the store is away for a moment they shall ask again.
 */
export function unknownDocument(id: string, error: string, isForNow: boolean): StatusDocument {
  return {
    Id: id,
    Status: isForNow ? 'Queue' : 'Completed',
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
