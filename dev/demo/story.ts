// The demo's steps in the order they are shown. Each is a value: name, claim, and how it shows it.
import type { Step } from './proof.ts';
import { respondAsync, respondAsyncContainer, respondAsyncProxy } from './steps/async-modes.ts';
import { batching } from './steps/batching.ts';
import { columns, refusal, removal } from './steps/kubectl.ts';
import { limit } from './steps/limit.ts';
import { apply, plainRequest } from './steps/served.ts';
import { stream } from './steps/stream.ts';
import { deathAndRecovery, scaleUp } from './steps/survival.ts';

export function story(): readonly Step[] {
  const [death, recovery] = deathAndRecovery();
  return [
    apply,
    plainRequest,
    stream,
    respondAsync,
    respondAsyncProxy,
    respondAsyncContainer,
    columns,
    refusal,
    limit,
    scaleUp,
    death,
    // Takes about as long as the dead sidecar's lease.
    batching,
    recovery,
  ];
}

/** Shown last, unless the cluster shall be kept. */
export const farewell: readonly Step[] = [removal];
