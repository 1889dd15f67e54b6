// The gate: never more requests inside the container than spec.concurrency, and what batching is worth.
import { batchingTable } from '../../model-server/batch.ts';
import { ask, story } from '../ask.ts';
import { prove, type Step } from '../proof.ts';

/** A busy two-core laptop is no benchmark machine; the shape of the curve is what is claimed. */
const toleratedShare = 0.2;

export const limit: Step = {
  name: 'A hard limit',
  claim: 'of forty requests at once, at most 32 are inside the container, and all are answered',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    await ask(`${url}/control/reset`, { method: 'POST' });
    terminal.say('40 requests of half a second each, at once; spec.concurrency is 32');
    const calls = Array.from({ length: 40 }, () => ask(`${url}/${stage.name}/sleep?ms=500`));
    const codes = (await Promise.all(calls)).map((answer) => answer.status);
    const { maxInFlight } = JSON.parse((await ask(`${url}/control/stats`)).body.toString());
    const answered = codes.filter((code) => code === 200).length;
    prove(terminal, answered === 40, 'all 40 were answered', codes);
    prove(terminal, maxInFlight === 32, 'the container saw 32 at once, never more', `${maxInFlight} at once`);
  },
};

export const batching: Step = {
  name: 'Batching through the gate',
  claim: 'throughput grows with concurrency as the batching table says',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    terminal.say('requests of 100 tokens at once; times in ms, from the first byte sent to the last byte received');
    terminal.output(row('at once', 'table', 'measured', 'tokens/s'));
    const off: string[] = [];
    for (const [atOnce, tableMs] of batchingTable) {
      terminal.live(`${atOnce} at once`);
      const startedAtMs = performance.now();
      const calls = Array.from({ length: atOnce }, () =>
        ask(`${url}/${stage.name}/v1/completions`, { json: story(100) }),
      );
      const answers = await Promise.all(calls);
      const totalMs = performance.now() - startedAtMs;
      const bad = answers.filter((answer) => answer.status !== 200).length;
      if (bad > 0) off.push(`${bad} of ${atOnce} not answered with 200`);
      if (Math.abs(totalMs / tableMs - 1) > toleratedShare)
        off.push(`${atOnce} at once took ${Math.round(totalMs)} ms`);
      const rate = Math.round((atOnce * 100_000) / totalMs);
      terminal.output(row(String(atOnce), String(tableMs), String(Math.round(totalMs)), String(rate)));
    }
    prove(terminal, off.length === 0, `every row within ${toleratedShare * 100} % of the table`, off.join('; '));
  },
};

const row = (...cells: string[]) => cells.map((cell) => cell.padStart(10)).join('');
