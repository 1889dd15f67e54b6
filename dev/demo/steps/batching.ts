// What batching is worth, and that the gate costs none of it: the published table, row by row, through the sidecar.
import { batchingTable } from '../../model-server/batch.ts';
import { ask, story } from '../ask.ts';
import { prove, type Step } from '../proof.ts';

/** A busy two-core laptop is no benchmark machine; the shape of the curve is what is claimed. */
const toleratedShare = 0.2;

export const batching: Step = {
  name: 'Batching through the gate',
  claim: 'throughput grows with concurrency as the batching table says',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    terminal.say('requests of 100 tokens at once; times in ms, from the first byte sent to the last byte received');
    terminal.output(row('at once', 'table', 'measured', 'tokens/s'));
    const off: string[] = [];
    for (const [atOnce, tableMs] of batchingTable) {
      terminal.live('', `measuring ${atOnce} at once`);
      const startedAtMs = performance.now();
      const path = `${url}/${stage.name}/v1/completions`;
      const calls = Array.from({ length: atOnce }, () => ask(path, { json: story(100) }));
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
