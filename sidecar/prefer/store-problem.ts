// The answer to a client when the store does not answer us: the store's own words, and when to come back.
import { type Problem, problem } from '../ingress/problem.ts';
import { StoreError } from '../store/store.ts';

export function storeProblem(error: unknown): Problem {
  const retryAfterSeconds = error instanceof StoreError ? error.retryAfterSeconds : 2;
  return problem('store_unavailable', error instanceof Error ? error.message : String(error), { retryAfterSeconds });
}

/** The same for what changes something: it may have been done although the store's answer was lost. */
export function changeProblem(error: unknown): Problem {
  const refusal = storeProblem(error);
  return error instanceof StoreError && !error.isOutcomeKnown ? { ...refusal, code: 'outcome_unknown' } : refusal;
}
