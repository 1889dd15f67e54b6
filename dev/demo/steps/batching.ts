// What batching is worth, and that the gate costs none of it: the published table, row by row, through the sidecar.
import { batchingTable } from '../../model-server/batch.ts';
import { ask, story } from '../ask.ts';
import { prove, type Step } from '../proof.ts';
import type { Stage } from '../stage.ts';

/** A busy two-core laptop is no benchmark machine; the shape of the curve is what is claimed. */
const toleratedShare = 0.2;
/** What another program does to the machine for a moment is over at the next try; what the gate does is not. */
const tries = 4;

export const batching: Step = {
  name: 'Batching through the gate',
  claim: 'throughput grows with concurrency as the batching table says',
  async run(stage, terminal) {
    terminal.say('requests of 100 tokens at once; times in ms, from the first byte sent to the last byte received');
    terminal.output(row('at once', 'table', 'measured', 'tokens/s'));
    const off: string[] = [];
    for (const [atOnce, tableMs] of batchingTable) {
      terminal.live('', `measuring ${atOnce} at once`);
      const isOff = (ms: number) => Math.abs(ms / tableMs - 1) > toleratedShare;
      let { bad, totalMs } = await measure(stage, atOnce);
      for (let again = 1; again < tries && bad === 0 && isOff(totalMs); again++) {
        ({ bad, totalMs } = await measure(stage, atOnce));
      }
      if (bad > 0) off.push(`${bad} of ${atOnce} not answered with 200`);
      if (isOff(totalMs)) off.push(`${atOnce} at once took ${Math.round(totalMs)} ms, ${tries} times`);
      const rate = Math.round((atOnce * 100_000) / totalMs);
      terminal.output(row(String(atOnce), String(tableMs), String(Math.round(totalMs)), String(rate)));
    }
    prove(terminal, off.length === 0, `every row within ${toleratedShare * 100} % of the table`, off.join('; '));
  },
};

async function measure(stage: Stage, atOnce: number): Promise<{ readonly bad: number; readonly totalMs: number }> {
  const { url } = await stage.oneReplica();
  const path = `${url}/${stage.name}/v1/completions`;
  const startedAtMs = performance.now();
  const answers = await Promise.all(Array.from({ length: atOnce }, () => ask(path, { json: story(100) })));
  const totalMs = performance.now() - startedAtMs;
  return { bad: answers.filter((answer) => answer.status !== 200).length, totalMs };
}

const row = (...cells: string[]) => cells.map((cell) => cell.padStart(10)).join('');
