// X-Inference-Id: the client's own, checked, or a new one. Where no API keys are configured an id is a capability, so
// ours cannot be guessed.
import { randomId } from '../../runtime/random-id.ts';
import { headers } from '../contract.ts';
import type { IncomingRequest } from './http/request.ts';

export const mintId: () => string = randomId;

/** The client's value, if it sent one. */
export function givenId(request: IncomingRequest): string | undefined {
  const value = request.headers[headers.inferenceId];
  return typeof value === 'string' ? value : undefined;
}

export function isWellFormedId(id: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/.test(id);
}
