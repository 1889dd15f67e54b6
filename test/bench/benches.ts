// All benches, in the order in which `npm run bench` runs them.
import { batching } from './batching.ts';
import type { Bench } from './bench.ts';
import { eventStreams } from './event-streams.ts';
import { footprint } from './footprint.ts';
import { offeredRequests } from './offered-requests.ts';
import { syncRequests } from './sync-requests.ts';

export const benches: readonly Bench[] = [syncRequests, offeredRequests, eventStreams, batching, footprint];
