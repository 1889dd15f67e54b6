// The one table of everything a client can see go wrong here. What the container answers, error or not, is not in it.
// README.md shows the same table; a test holds the two together and provokes each row.
import { STATUS_CODES } from '../../runtime/http.ts';

export interface ProblemRow {
  readonly status: number;
  /** When it happens, in words for the README. */
  readonly when: string;
  /** Further fields of the answer; empty: its value is particular to the case. */
  readonly headers: Readonly<Record<string, string>>;
}

const row = (status: number, when: string, headers: ProblemRow['headers'] = {}): ProblemRow => ({
  status,
  when,
  headers: status === 429 || status === 503 ? { ...headers, 'Retry-After': '' } : headers,
});

export const problems = {
  invalid_inference_id: row(400, '`X-Inference-Id` is not 1 to 128 characters of `A-Z a-z 0-9 . _ -`'),
  missing_inference_id: row(400, 'status or result was asked for without `X-Inference-Id`'),
  invalid_webhook: row(
    400,
    '`X-Inference-Webhook` is not an http(s) URL of an allowed host, leads inside unasked, or the request is not queued',
  ),
  malformed_request: row(400, 'the request is not HTTP/1.1 that can be read in one way only'),
  unauthorized: row(401, 'no or a wrong API key, where keys are configured', { 'WWW-Authenticate': 'Bearer' }),
  inference_not_found: row(404, 'no such async request, or past its retention, or of another API key'),
  method_not_allowed: row(
    405,
    'status and result know GET and HEAD, result also DELETE; nothing knows TRACE or CONNECT; a CORS preflight where CORS is off',
    { Allow: '' },
  ),
  request_timeout: row(408, 'the request line, headers or body did not arrive in time'),
  inference_id_conflict: row(409, 'the id belongs to another request already', { 'x-should-retry': 'false' }),
  canceled: row(410, 'the result of a canceled async request'),
  body_too_large: row(413, 'the body of an async request is over the limit', { 'X-Max-Body-Bytes': '' }),
  expectation_failed: row(417, 'an `Expect` other than `100-continue`'),
  queue_full: row(429, 'the line is full'),
  deadline_unreachable: row(429, 'at the measured rate the turn would come after the deadline'),
  quota_exceeded: row(429, 'the deployment keeps as many bytes in the store as it may'),
  headers_too_large: row(431, 'request line and headers, or their number, are over the limit'),
  transfer_coding_unknown: row(501, 'a `Transfer-Encoding` other than `chunked`'),
  internal_error: row(500, 'the sidecar itself failed at this request; its log has the id'),
  upstream_unreachable: row(502, 'the container accepted no connection'),
  upstream_reset: row(502, 'the container closed the connection before its first byte'),
  upstream_invalid: row(502, 'the container answered something that is not HTTP'),
  upstream_too_large: row(502, 'the response to an async request is over the limit'),
  overloaded: row(503, 'there is no memory for the request: see `SIDECAR_MEMORY_BUDGET_BYTES`'),
  draining: row(503, 'the replica shuts down'),
  store_unavailable: row(503, 'the store does not answer'),
  outcome_unknown: row(
    503,
    'the store went away in the middle: ask again with the same `X-Inference-Id`, nothing is run twice',
  ),
  request_expired: row(504, 'the turn did not come before the deadline'),
  upstream_timeout: row(504, 'the container sent no response headers before the deadline'),
} as const satisfies Readonly<Record<string, ProblemRow>>;

export type ProblemCode = keyof typeof problems;

/** A row of the table with what is particular to this case. */
export interface Problem {
  readonly code: ProblemCode;
  /** A sentence for a person: what is wrong and what to do. */
  readonly detail: string;
  readonly retryAfterSeconds?: number;
  /** Header names and values in turn, beyond the row's own. */
  readonly headers?: readonly string[];
}

export function problem(code: ProblemCode, detail: string, more?: Omit<Problem, 'code' | 'detail'>): Problem {
  return { code, detail, ...more };
}

/** There is no memory for the request. Most of what takes it is gone in a few seconds. */
export const OVERLOADED = problem('overloaded', 'the sidecar has no memory left for this request; try again', {
  retryAfterSeconds: 5,
});

/** The sentence that status documents and records carry. */
export function problemText({ code, detail }: Problem): string {
  return `${code}: ${detail}`;
}

/** RFC 9457, and an `error` member because that is where OpenAI SDKs look for the message. */
export function problemBody({ code, detail }: Problem, id: string): string {
  const { status } = problems[code];
  return JSON.stringify({
    type: `urn:inference:problem:${code}`,
    title: STATUS_CODES[status],
    status,
    detail,
    code,
    instance: id === '' ? undefined : `urn:inference:${id}`,
    error: { message: detail, type: code, code },
  });
}

export function problemHeaders({ code, retryAfterSeconds, headers }: Problem): string[] {
  const row: ProblemRow = problems[code];
  const lines: string[] = [];
  for (const [name, value] of Object.entries(row.headers)) if (value !== '') lines.push(name, value);
  if (retryAfterSeconds !== undefined) lines.push('Retry-After', String(retryAfterSeconds));
  if (headers !== undefined) lines.push(...headers);
  return lines;
}
