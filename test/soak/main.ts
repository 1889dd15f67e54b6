// `npm run soak [-- --minutes 10 --store redis://...]`: mixed modes, disconnects and restarts of the container against one sidecar,
// for a long time. Shows memory, sockets, slots and waiting entries as they go, and ends with exit code 1 where one of them grew.
import { parseArgs } from 'node:util';
import { imageNodeFlags } from '../../dev/bundle.ts';
import { startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { startSidecarProgram } from '../support/sidecar-program.ts';
import { type Figures, inOneLine, look } from './figures.ts';
import { Traffic } from './traffic.ts';
import { growth, inWords, leftBehind, trendOf } from './verdict.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, store: { type: 'string', default: '' } },
});
const durationMs = Number(values.minutes) * 60_000;
const SAMPLE_MS = 5_000;
const RESTART_MS = 20_000;
/** Done requests go within the warm-up, so that afterwards as many go as come. */
const RESULT_TTL_SECONDS = Math.max(5, Math.min(60, Math.floor(durationMs / 10_000)));

const model = await startModelServer({ tokenMs: 2 });
const sidecar = await startSidecarProgram(
  {
    name: 'demo',
    upstream: model.url,
    concurrency: 8,
    maxQueue: 200,
    resultTtlSeconds: RESULT_TTL_SECONDS,
    store: values.store,
  },
  // As the image runs it, and able to say what it holds.
  {
    nodeOptions: [...imageNodeFlags.sidecar, '--expose-gc', '--import', import.meta.resolve('./settled-memory.ts')],
    hasIpc: true,
  },
);
const startedMs = performance.now();
const seconds = () => Math.round((performance.now() - startedMs) / 1000);
const first = await look(sidecar, 0);
console.log(`${inOneLine(first)}  |  before the traffic`);
const traffic = new Traffic(sidecar.url, 32);
const samples: Figures[] = [];

const restarting = setInterval(() => {
  model.crash();
  setTimeout(() => void model.restart(), 1_000);
}, RESTART_MS);
while (performance.now() - startedMs < durationMs) {
  await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  const figures = await look(sidecar, seconds());
  samples.push(figures);
  console.log(`${inOneLine(figures)}  |  ${traffic.summary}`);
}
clearInterval(restarting);
await traffic.stop();

// What was canceled or cut off needs a moment to be gone, and the clients keep their idle connections for a minute.
let atRest: Figures = first;
const remains = await eventually(
  async () => {
    atRest = await look(sidecar, seconds());
    const left = leftBehind(atRest, first);
    if (left.length > 0) throw new Error(left.join('; '));
    return [];
  },
  { deadlineMs: 90_000, everyMs: 500 },
).catch(() => leftBehind(atRest, first));
console.log(`${inOneLine(atRest)}  |  at rest`);

const held = trendOf(samples, ({ heldMiB }) => heldMiB);
const occupied = trendOf(samples, ({ rssMiB }) => rssMiB);
console.log(`${traffic.total} requests in ${seconds()} s; medians of four stretches after the warm-up, in MiB:`);
console.log(`held ${inWords(held)}; RSS ${inWords(occupied)}`);
const surprises = traffic.surprises.slice(0, 5).map((surprise) => `surprising answer: ${surprise}`);
const complaints = [...growth(samples), ...remains, ...surprises];
for (const complaint of complaints) console.error(complaint);
if (complaints.length === 0) console.log('nothing grew, nothing was left behind');
await model.close();
await sidecar.stop();
process.exit(complaints.length === 0 ? 0 : 1);
