// `npm run soak [-- --seconds 600 --store redis://...]`: mixed modes, large bodies, readers that stop, disconnects and restarts of
// the container against one sidecar with the chart's memory, for a long time. Shows memory, sockets, slots and waiting entries as they
// go, and ends with exit code 1 where one of them grew or was left behind, the memory limit was passed, or the sidecar ended.
import { parseArgs } from 'node:util';
import { startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { CHART_LIMIT_BYTES, startLimitedSidecar } from '../support/limited-sidecar.ts';
import { briefClients } from './brief-clients.ts';
import { type Figures, inOneLine, look, MIB } from './figures.ts';
import { lastingClients } from './lasting-clients.ts';
import { Traffic } from './traffic.ts';
import { beyondLimit, growth, hasTrend, inWords, leftBehind, trendOf } from './verdict.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, store: { type: 'string', default: '' } },
});
const durationMs = Number(values.seconds) * 1_000;
const SAMPLE_MS = 5_000;
const RESTART_MS = Math.min(20_000, durationMs / 4);
/** Done requests go within the warm-up, so that afterwards as many go as come. */
const RESULT_TTL_SECONDS = Math.max(5, Math.min(60, Math.floor(durationMs / 10_000)));

const model = await startModelServer({ tokenMs: 2 });
const sidecar = await startLimitedSidecar(
  {
    upstream: model.url,
    concurrency: 16,
    maxQueue: 200,
    requestTtlSeconds: 30,
    resultTtlSeconds: RESULT_TTL_SECONDS,
    idleTimeoutSeconds: 4,
    store: values.store,
  },
  // Able to say what it holds.
  { nodeOptions: ['--expose-gc', '--import', import.meta.resolve('./settled-memory.ts')], hasIpc: true },
);
const startedMs = performance.now();
const seconds = () => Math.round((performance.now() - startedMs) / 1000);
const first = await look(sidecar, 0);
console.log(`${inOneLine(first)}  |  before the traffic`);
const traffic = new Traffic(sidecar.url);
traffic.add(briefClients, 32);
traffic.add(lastingClients, 24);
const samples: Figures[] = [];
const complaints: string[] = [];

const restarting = setInterval(() => {
  model.crash();
  setTimeout(() => void model.restart(), 1_000);
}, RESTART_MS);
try {
  while (performance.now() - startedMs < durationMs) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const figures = await look(sidecar, seconds());
    samples.push(figures);
    const { requests, refused, failed } = traffic.total;
    console.log(`${inOneLine(figures)}  |  requests ${requests}, refused ${refused}, failed ${failed}`);
  }
} catch (error) {
  complaints.push(`the sidecar gave no figures: ${error}`);
}
clearInterval(restarting);
await traffic.stop();
const { exitCode, signalCode } = sidecar.process;
if (exitCode !== null || signalCode !== null) {
  complaints.push(`the sidecar ended with ${signalCode ?? `code ${exitCode}`}; the end of its log:`);
  complaints.push(sidecar.log().slice(-5_000));
}

// What was canceled or cut off needs a moment to be gone, and the clients keep their idle connections for a minute.
let atRest = samples.at(-1) ?? first;
if (complaints.length === 0) {
  const remains = await eventually(
    async () => {
      atRest = await look(sidecar, seconds());
      const left = leftBehind(atRest, first);
      if (left.length > 0) throw new Error(left.join('; '));
      return [];
    },
    { deadlineMs: 90_000, everyMs: 500 },
  ).catch(() => leftBehind(atRest, first));
  complaints.push(...remains);
  console.log(`${inOneLine(atRest)}  |  at rest`);
}

console.table(traffic.tallies);
const longestStallMs = Math.max(0, ...samples.map((sample) => sample.longestStallMs));
console.log(
  `${traffic.total.requests} requests in ${seconds()} s; the event loop stood still for ${longestStallMs.toFixed(0)} ms at most`,
);
if (hasTrend(samples)) {
  const held = trendOf(samples, ({ heldMiB }) => heldMiB);
  const occupied = trendOf(samples, ({ rssMiB }) => rssMiB);
  console.log('medians of four stretches after the warm-up, in MiB:');
  console.log(`held ${inWords(held)}; RSS ${inWords(occupied)}; at most ${atRest.peakMiB.toFixed(0)}`);
  complaints.push(...growth(samples));
} else console.log(`growth is not judged: ${samples.length} samples make no trend`);
complaints.push(...beyondLimit(atRest.peakMiB, CHART_LIMIT_BYTES / MIB));
complaints.push(...traffic.surprises.slice(0, 5).map((surprise) => `surprising: ${surprise}`));
for (const complaint of complaints) console.error(complaint);
if (complaints.length === 0) console.log('nothing was left behind');
await model.close();
await sidecar.stop();
process.exit(complaints.length === 0 ? 0 : 1);
