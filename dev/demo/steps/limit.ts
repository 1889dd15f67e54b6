// The gate: never more requests inside the container than spec.concurrency, and kubectl tells who waits.
import { ask } from '../ask.ts';
import { awaitThat, prove, type Step } from '../proof.ts';

const door = 'demo';

export const limit: Step = {
  name: 'A hard limit, and who waits',
  claim: 'of forty requests at once 32 are inside the container and 8 wait, kubectl says so, and all are answered',
  async run(stage, terminal) {
    const { url, podIP } = await stage.oneReplica();
    // Beside the gate: through it, the word that lets them go would wait behind them.
    const container = `http://${podIP}:8000`;
    terminal.say('40 requests at once that the container holds; spec.concurrency is 32');
    const calls = Promise.all(Array.from({ length: 40 }, () => ask(`${url}/${stage.name}/echo?hold=${door}`)));
    try {
      terminal.command('kubectl get infdep');
      const row = await awaitThat<string>('IN-FLIGHT 32 and QUEUED 8', 90_000, async () => {
        const { inFlight, queued } = await stage.status();
        terminal.live('the operator asks the sidecar', `: ${inFlight ?? 0} in flight, ${queued ?? 0} queued`);
        const table = await stage.kubectl('get', 'infdep');
        return inFlight === 32 && queued === 8 ? { value: table } : { seen: table };
      });
      terminal.output(row);
    } finally {
      await ask(`${container}/control/release?key=${door}`, { method: 'POST' });
    }
    const codes = (await calls).map((answer) => answer.status);
    const { maxInFlight } = JSON.parse((await ask(`${container}/control/stats`)).body.toString());
    prove(terminal, maxInFlight === 32, 'the container saw 32 at once, never more', `${maxInFlight} at once`);
    const isAnswered = codes.length === 40 && codes.every((code) => code === 200);
    prove(terminal, isAnswered, 'all 40 were answered', codes);
  },
};
