// A refusal of the API server, with what we asked for: so that a log line or condition can name the verb and the resource.
import type { StatusBody } from '../api/kubernetes.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete';

export interface Attempt {
  readonly verb: Verb;
  /** Plural with group, as RBAC names it: `deployments.apps`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export class ApiError extends Error {
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  readonly reason: string;
  readonly attempt: Attempt;
  readonly retryAfterSeconds: number | undefined;

  constructor(attempt: Attempt, status: number, body: StatusBody, cause?: unknown) {
    super(`cannot ${describeAttempt(attempt)}: ${body.message ?? body.reason ?? `HTTP ${status}`}`, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.reason = body.reason ?? '';
    this.attempt = attempt;
    this.retryAfterSeconds = body.details?.retryAfterSeconds;
  }
}

export function describeAttempt({ verb, resource, namespace, name }: Attempt): string {
  const object = name === undefined ? '' : ` ${JSON.stringify(name)}`;
  return `${verb} ${resource}${object}${namespace ? ` in namespace ${JSON.stringify(namespace)}` : ''}`;
}

export const isStatus = (error: unknown, status: number): error is ApiError =>
  error instanceof ApiError && error.status === status;
export const isNotFound = (error: unknown): error is ApiError => isStatus(error, 404);
