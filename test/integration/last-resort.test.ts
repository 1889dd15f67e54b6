// What nobody caught, in either program: it is logged with its stack, who is inside is served to the end, and the program ends in order
// with an exit code that has it started again.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startModelServer } from '../../dev/model-server/server.ts';
import { startSidecarProgram } from '../support/sidecar-program.ts';

const thrower = fileURLToPath(new URL('../support/thrower.ts', import.meta.url));

test.each([
  ['throw', /thrown on demand.*at fail/],
  ['reject', /rejected on demand/],
])(
  '%s: what is inside is answered, then the sidecar ends with 1 and has said why',
  async (how, words) => {
    const model = await startModelServer({});
    const sidecar = await startSidecarProgram(
      { upstream: model.url },
      { nodeOptions: ['--import', thrower], hasIpc: true },
    );
    try {
      const inside = fetch(`${sidecar.url}/echo/echo?hold=door`);
      await model.when((stats) => stats.inFlight === 1);
      const exit = once(sidecar.process, 'exit');
      sidecar.process.send(how);
      await expect.poll(() => sidecar.log(), { timeout: 10_000 }).toMatch(words);
      model.release('door');
      expect((await inside).status).toBe(200);
      expect((await exit)[0]).toBe(1);
      expect(sidecar.log()).toContain('the program ends in order');
    } finally {
      await sidecar.stop();
      await model.close();
    }
  },
  60_000,
);
