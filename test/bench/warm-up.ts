// Before anything is measured, each proxy serves for as long as Node's compilers need to be done with its path: measured is what a
// pod does from its first minute on. nginx and haproxy get the same, so that none has an advantage.
import type { BenchContext } from './bench.ts';
import { runLoad } from './load-program.ts';
import type { StartedProxy } from './proxies.ts';
import { requestBody } from './upstream.ts';
import { wrk } from './wrk.ts';

/** Full load on a core of its own; what a pod at 1,000 requests a second has seen after about two minutes. */
const WARM_SECONDS = 12;
/** The guard compares two programs of Node, and has a minute for everything. */
const WARM_SECONDS_OF_GUARD = 4;
/** Of events on many streams: several times the pace that is measured, so that as many pass in these seconds as Node's compilers need. */
const WARM_EVERY_MS = 5;

/** `headers`: what the load sends to each besides its body, by name. */
export async function warmUp(
  context: BenchContext,
  proxies: Readonly<Record<string, StartedProxy>>,
  headers: (name: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<void> {
  const seconds = context.isGuard ? WARM_SECONDS_OF_GUARD : WARM_SECONDS;
  for (const [name, { port, process }] of Object.entries(proxies)) {
    if (process === undefined) continue;
    context.progress(`warming up ${name}`);
    await wrk(context, { port, connections: 16, body: requestBody, headers: headers(name), seconds });
  }
}

/** The same for event streams, whose path is another one. */
export async function warmUpStreams(
  context: BenchContext,
  proxies: Readonly<Record<string, StartedProxy>>,
  streams: number,
): Promise<void> {
  for (const [name, { port, process }] of Object.entries(proxies)) {
    if (process === undefined) continue;
    context.progress(`warming up ${name}`);
    await runLoad(context, 'event-load', port, streams, WARM_EVERY_MS, (WARM_SECONDS * 1000) / WARM_EVERY_MS);
  }
}
