// What follows from a reconcile, and what an error means for the person who reads status. One place decides both.
import type { Reason } from '../api/conditions.ts';
import { ApiError, describeAttempt } from '../cluster/api-error.ts';
import { ForeignObjectError } from '../cluster/children.ts';

/**
 * done: until something changes. waiting: look again after a time. transient: try again soon, with backoff.
 * stalled: somebody must act; look again now and then, for not every cure is an event we see (a role, a quota).
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'waiting'; readonly afterMs: number }
  | { readonly kind: 'transient'; readonly error: unknown }
  | { readonly kind: 'stalled'; readonly problem: Problem };

/** Something that kept us from making what spec asks for. */
export interface Problem {
  readonly reason: Extract<
    Reason,
    | 'ForeignObject'
    | 'PermissionDenied'
    | 'Refused'
    | 'ApplyFailed'
    | 'StoreNotConfigured'
    | 'QuotaExceeded'
    | 'PolicyViolation'
  >;
  readonly message: string;
  readonly isTransient: boolean;
}

export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ForeignObjectError) {
    return error.isLeftover
      ? { reason: 'ApplyFailed', message, isTransient: true }
      : { reason: 'ForeignObject', message, isTransient: false };
  }
  if (!(error instanceof ApiError)) return { reason: 'ApplyFailed', message, isTransient: true };
  if (error.status === 401 || error.status === 403) return forbidden(error);
  if (error.status === 400 || error.status === 422 || isUnmergeable(error))
    return { reason: 'Refused', message, isTransient: false };
  return { reason: 'ApplyFailed', message, isTransient: true };
}

/** Two list entries with one key are answered 500, but no second try will do better. */
const isUnmergeable = ({ message }: ApiError): boolean => message.includes('failed to create typed patch object');

/** 403 is RBAC, a quota, or a namespace on its way out: only the words tell. */
function forbidden(error: ApiError): Problem {
  if (/exceeded quota/.test(error.message))
    return { reason: 'QuotaExceeded', message: error.message, isTransient: false };
  if (/being terminated/.test(error.message))
    return { reason: 'ApplyFailed', message: error.message, isTransient: true };
  const message = `the operator may not ${describeAttempt(error.attempt)}: grant verb "${error.attempt.verb}" on "${error.attempt.resource}" (${error.message})`;
  return { reason: 'PermissionDenied', message, isTransient: false };
}

const STALLED_RETRY_MS = 60_000;

export function outcomeOf(
  problems: readonly Problem[],
  errors: readonly unknown[],
  waitMs: number | undefined,
): Outcome {
  const transient = problems.findIndex((problem) => problem.isTransient);
  if (transient >= 0) return { kind: 'transient', error: errors[transient] };
  if (problems[0] !== undefined) return { kind: 'stalled', problem: problems[0] };
  return waitMs === undefined ? { kind: 'done' } : { kind: 'waiting', afterMs: waitMs };
}

/** When to look again; `undefined`: only if something changes. */
export function lookAgainMs(outcome: Exclude<Outcome, { kind: 'transient' }>): number | undefined {
  switch (outcome.kind) {
    case 'done':
      return undefined;
    case 'waiting':
      return outcome.afterMs;
    case 'stalled':
      return STALLED_RETRY_MS;
  }
}
