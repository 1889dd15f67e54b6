// What is said to those who are not let in. A newcomer may not join the line when it is full, nor when at the measured rate its turn would
// come after its deadline, for then it is kinder to say so at once.
import { type Problem, problem } from '../ingress/problem.ts';
import type { Gate } from './gate.ts';
import type { ServiceRate } from './service-rate.ts';

export function admissionProblem(gate: Gate, rate: ServiceRate, ttlMs: number): Problem | undefined {
  if (gate.hasRoom) return undefined;
  if (gate.isFull) {
    const retryAfterSeconds = rate.retryAfterSeconds(gate.waiting);
    return problem('queue_full', `${gate.waiting} requests wait for the model already`, { retryAfterSeconds });
  }
  const expectedMs = rate.expectedWaitMs(gate.waiting);
  if (expectedMs === null || expectedMs <= ttlMs) return undefined;
  const detail = `${gate.waiting} requests wait already: the turn would come in about ${Math.ceil(expectedMs / 1000)} s, after the time to live`;
  return problem('deadline_unreachable', detail, { retryAfterSeconds: Math.ceil((expectedMs - ttlMs) / 1000) });
}

/** To who is still in line when the replica ends: the successor is there, or will be. */
export const dismissal = problem('draining', 'this replica shuts down', { retryAfterSeconds: 1 });
