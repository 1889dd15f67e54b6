// All benches, in the order in which `npm run bench` runs them.
import { asyncRequests } from './async-requests.ts';
import { batching } from './batching.ts';
import type { Bench } from './bench.ts';
import { eventStreams } from './event-streams.ts';
import { footprint } from './footprint.ts';
import { offeredRequests } from './offered-requests.ts';
import { operatorScale } from './operator-scale.ts';
import { queueStore } from './queue-store.ts';
import { syncRequests } from './sync-requests.ts';

export const benches: readonly Bench[] = [
  syncRequests,
  offeredRequests,
  eventStreams,
  asyncRequests,
  queueStore,
  batching,
  footprint,
  operatorScale,
];
