// Why a done request has no response, as a row of the error table. Pure.
import { type Problem, problem, problems } from '../ingress/problem.ts';
import type { RequestStatus } from '../store/record.ts';

export function failureOf({ outcome, error }: RequestStatus): Problem {
  const detail = error ?? 'no response';
  if (outcome === 'canceled') return problem('canceled', detail);
  if (outcome === 'expired') return problem('request_expired', detail);
  const [code = '', ...rest] = detail.split(': ');
  const isRow = Object.hasOwn(problems, code) && problems[code as Problem['code']].status === 502;
  return isRow ? problem(code as Problem['code'], rest.join(': ')) : problem('upstream_reset', detail);
}
