// What to do with a request to which the container gave no response. Pure.

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export type RetryDecision =
  | { readonly kind: 'again'; readonly afterMs: number; readonly isCounted: boolean }
  | { readonly kind: 'give_up' };

/** The code of a request that never reached the container. It did no harm there, so that waiting on costs it no attempt. */
const undelivered = 'upstream_unreachable';

/**
 * `attempt` is 1 for the first try; `random` from 0 to 1 spreads the tries of requests that failed together.
 * A request that was never delivered waits on until its deadline: a container that restarts must not fail its queue.
 */
export function decideRetry(code: string, attempt: number, policy: RetryPolicy, random: number): RetryDecision {
  const isCounted = code !== undelivered;
  if (isCounted && attempt >= policy.maxAttempts) return { kind: 'give_up' };
  const full = Math.min(policy.firstDelayMs * 2 ** (attempt - 1), policy.maxDelayMs);
  return { kind: 'again', afterMs: Math.ceil(full * (0.5 + random / 2)), isCounted };
}
