// Bench "batching": the published batching table through the gate and directly, on the sample model server with that latency curve.
// 100 tokens for each of so many requests at once; the gate must not cost the batch its gain.
import { fileURLToPath } from 'node:url';
import { batchingTable } from '../../dev/model-server/batch.ts';
import type { Bench, BenchContext } from './bench.ts';
import type { Figure } from './figure.ts';
import { atLeast, summarize } from './figure.ts';
import { PinnedProcess } from './pinned-process.ts';
import { freePort, untilAnswering } from './ports.ts';
import { startSidecar } from './proxies.ts';
import { interleaved } from './rounds.ts';

const ways = ['direct', 'sidecar'] as const;

export const batching: Bench = {
  name: 'batching',
  title: 'The batching table: requests at once, 100 tokens each',
  packages: {},
  async run(context) {
    const port = await freePort();
    const file = fileURLToPath(new URL('../../dev/model-server/main.ts', import.meta.url));
    const command = [process.execPath, file, '--port', `${port}`, '--batching', '--quiet', '--token-ms', '1'];
    context.use(new PinnedProcess('model-server', context.cores.around, command));
    await untilAnswering(port, '/health');
    const sidecar = await startSidecar(context, port);
    const ports = { direct: port, sidecar: sidecar.port };
    const figures: Figure[] = [];
    for (const [concurrent] of batchingTable) figures.push(await batchOf(context, ports, concurrent));
    return figures;
  },
};

async function batchOf(
  context: BenchContext,
  ports: Readonly<Record<(typeof ways)[number], number>>,
  concurrent: number,
): Promise<Figure> {
  const { ms } = await interleaved({
    subjects: ways,
    measures: ['ms'],
    rounds: Math.min(3, context.rounds),
    progress: (line) => context.progress(`${concurrent} at once, ${line}`),
    measure: async (way) => {
      const start = performance.now();
      await Promise.all(Array.from({ length: concurrent }, () => complete(ports[way])));
      return { ms: performance.now() - start };
    },
  });
  const ratio = summarize(ms.direct ?? []).median / summarize(ms.sidecar ?? []).median;
  return {
    name: `${concurrent} at once`,
    unit: 'ms',
    values: ms,
    digits: 0,
    goals: [atLeast('at least 0.99 of the direct rate', ratio, 0.99)],
  };
}

async function complete(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'echo', prompt: 'Hello', max_tokens: 100 }),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}
