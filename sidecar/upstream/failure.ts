// A failed call of the container as a row of the error table, in a sentence that helps. Pure.
import { type Problem, type ProblemCode, problem } from '../ingress/problem.ts';

/** Which row an error before the first byte of the response is. */
export function codeOfFailure(error: Error): ProblemCode {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (NO_CONNECTION.has(code)) return 'upstream_unreachable';
  if (code === 'NOT_HTTP') return 'upstream_invalid';
  return 'upstream_reset';
}

const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CONNECT_TIMEOUT',
]);

export function failureProblem(error: Error): Problem {
  const code = codeOfFailure(error);
  const { message } = error;
  if (code === 'upstream_unreachable') return problem(code, `the model container accepts no connection (${message})`);
  if (code === 'upstream_invalid') return problem(code, `the model container does not answer in HTTP (${message})`);
  return problem(code, `the model container closed the connection before it answered (${message})`);
}
