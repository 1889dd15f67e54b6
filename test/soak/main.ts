// `npm run soak [-- --minutes 10]`: mixed modes, disconnects and restarts of the container against one sidecar, for a
// long time. Shows memory, sockets, slots and waiting entries as they go, and ends with exit code 1 where one of them grew.
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { startSidecarProgram } from '../support/sidecar-program.ts';
import { Traffic } from './traffic.ts';

interface Figures {
  readonly atSeconds: number;
  readonly rssMiB: number;
  readonly sockets: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly queued: number;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const durationMs = Number(values.minutes) * 60_000;
const SAMPLE_MS = 5_000;
const RESTART_MS = 20_000;
/** Growth between the first and the last quarter that is more than what a garbage collector leaves lying about. */
const MOST_GROWTH_MIB = 20;
const MOST_RESTING_SOCKETS = 20;

const model = await startModelServer({ tokenMs: 2 });
const sidecar = await startSidecarProgram({ name: 'demo', upstream: model.url, concurrency: 8, maxQueue: 200 });
const pid = sidecar.process.pid!;
const startedMs = performance.now();
const traffic = new Traffic(sidecar.url, 32);
const samples: Figures[] = [];

async function measure(): Promise<Figures> {
  const stats = (await (await fetch(`${sidecar.adminUrl}/stats`)).json()) as Omit<Figures, 'queued'> & {
    readonly queue: { readonly queued: number } | null;
  };
  return {
    atSeconds: Math.round((performance.now() - startedMs) / 1000),
    rssMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024),
    sockets: readdirSync(`/proc/${pid}/fd`).length,
    inFlight: stats.inFlight,
    waiting: stats.waiting,
    queued: stats.queue?.queued ?? -1,
  };
}

function show(figures: Figures): void {
  const { atSeconds, rssMiB, sockets, inFlight, waiting, queued } = figures;
  const counts = Object.entries(traffic.counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  console.log(
    `${String(atSeconds).padStart(5)} s  ${rssMiB} MiB  ${sockets} descriptors  inside ${inFlight}  waiting ${waiting}  queued ${queued}  |  ${counts}`,
  );
}

const restarting = setInterval(() => {
  model.crash();
  setTimeout(() => void model.restart(), 1_000);
}, RESTART_MS);
const sampling = setInterval(() => {
  void measure().then((figures) => {
    samples.push(figures);
    show(figures);
  });
}, SAMPLE_MS);
await new Promise((resolve) => setTimeout(resolve, durationMs));
clearInterval(restarting);
clearInterval(sampling);
await traffic.stop();

const rest = await eventually(
  async () => {
    const figures = await measure();
    if (figures.inFlight + figures.waiting + figures.queued > 0)
      throw new Error(`left behind: ${JSON.stringify(figures)}`);
    return figures;
  },
  { deadlineMs: 60_000, everyMs: 500 },
).catch((error: unknown) => String(error));
const complaints = complaintsAbout(samples, rest);
for (const complaint of complaints) console.error(complaint);
if (complaints.length === 0) console.log('nothing grew, nothing was left behind');
await model.close();
await sidecar.stop();
process.exit(complaints.length === 0 ? 0 : 1);

function complaintsAbout(all: readonly Figures[], atRest: Figures | string): readonly string[] {
  if (typeof atRest === 'string') return [atRest];
  const quarter = Math.max(1, Math.floor(all.length / 4));
  const median = (part: readonly Figures[]) =>
    part.map(({ rssMiB }) => rssMiB).sort((a, b) => a - b)[part.length >> 1] ?? 0;
  // The first quarter warms up.
  const grownMiB = median(all.slice(-quarter)) - median(all.slice(quarter, 2 * quarter));
  const complaints: string[] = [];
  if (grownMiB > MOST_GROWTH_MIB) complaints.push(`memory grew by ${grownMiB} MiB from the second quarter to the last`);
  if (atRest.sockets > MOST_RESTING_SOCKETS + (all[0]?.sockets ?? 0))
    complaints.push(`${atRest.sockets} descriptors at rest`);
  if (traffic.surprises.length > 0) complaints.push(`surprising answers: ${traffic.surprises.slice(0, 5).join('; ')}`);
  return complaints;
}
