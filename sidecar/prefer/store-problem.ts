// The answer to a client when the store does not answer us: the store's own words, and when to come back.
import { type Problem, problem } from '../ingress/problem.ts';
import { StoreError } from '../store/store.ts';

/** Throws what is not the store's: that it does not answer would be a wrong trail. */
export function storeProblem(error: unknown): Problem {
  if (!(error instanceof StoreError)) throw error;
  return problem('store_unavailable', error.message, { retryAfterSeconds: error.retryAfterSeconds });
}

/** The same for what changes something: it may have been done although the store's answer was lost. */
export function changeProblem(error: unknown): Problem {
  const refusal = storeProblem(error);
  return error instanceof StoreError && !error.isOutcomeKnown ? { ...refusal, code: 'outcome_unknown' } : refusal;
}
