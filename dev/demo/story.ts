// The demo's steps in the order they are shown. Each is a value: name, claim, and how it shows it.
import type { Step } from './proof.ts';
import { respondAsync, respondAsyncContainer, respondAsyncProxy } from './steps/async-modes.ts';
import { columns, refusal, removal } from './steps/kubectl.ts';
import { batching, limit } from './steps/limit.ts';
import { apply, plainRequest } from './steps/served.ts';
import { stream } from './steps/stream.ts';
import { scaleUp, survival } from './steps/survival.ts';

export const story: readonly Step[] = [
  apply,
  plainRequest,
  stream,
  respondAsync,
  respondAsyncProxy,
  respondAsyncContainer,
  columns,
  refusal,
  limit,
  batching,
  scaleUp,
  survival,
];

/** Shown last, unless the cluster shall be kept. */
export const farewell: readonly Step[] = [removal];
