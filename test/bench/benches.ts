// All benches, in the order in which `npm run bench` runs them.
import type { Bench } from './bench.ts';
import { syncRequests } from './sync-requests.ts';

export const benches: readonly Bench[] = [syncRequests];
