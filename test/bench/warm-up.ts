// Before anything is measured, each proxy serves for as long as Node's compilers need to be done with its path: measured is what a
// pod does from its first minute on. nginx and haproxy get the same, so that none has an advantage.
import type { BenchContext } from './bench.ts';
import { runLoad } from './load-program.ts';
import type { ProxyKind, StartedProxy } from './proxies.ts';
import { requestBody } from './upstream.ts';
import { wrk } from './wrk.ts';

/** Full load on a core of its own; what a pod at 1,000 requests a second has seen after about two minutes. */
const WARM_SECONDS = 12;
/** The guard compares two programs of Node, and has a minute for everything. */
const WARM_SECONDS_OF_GUARD = 4;
/** Of events on many streams: several times the pace that is measured, so that as many pass in these seconds as Node's compilers need. */
const WARM_EVERY_MS = 5;

export async function warmUp<K extends ProxyKind>(
  context: BenchContext,
  proxies: Readonly<Record<K, StartedProxy>>,
): Promise<void> {
  const seconds = context.isGuard ? WARM_SECONDS_OF_GUARD : WARM_SECONDS;
  for (const [kind, { port, process }] of Object.entries<StartedProxy>(proxies)) {
    if (process === undefined) continue;
    context.progress(`warming up ${kind}`);
    await wrk(context, { port, connections: 16, body: requestBody, seconds });
  }
}

/** The same for event streams, whose path is another one. */
export async function warmUpStreams<K extends ProxyKind>(
  context: BenchContext,
  proxies: Readonly<Record<K, StartedProxy>>,
  streams: number,
): Promise<void> {
  for (const [kind, { port, process }] of Object.entries<StartedProxy>(proxies)) {
    if (process === undefined) continue;
    context.progress(`warming up ${kind}`);
    await runLoad(context, 'event-load', port, streams, WARM_EVERY_MS, (WARM_SECONDS * 1000) / WARM_EVERY_MS);
  }
}
