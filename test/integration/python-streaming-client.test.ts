// The documented Python streaming client, with nothing changed but URL and token, prints tokens as they are produced.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { wordsFor } from '../../dev/model-server/text.ts';
import { runPython } from '../support/python.ts';
import { type SidecarProgram, startSidecarProgram } from '../support/sidecar-program.ts';

const script = readFileSync(new URL('../fixtures/streaming_client.py', import.meta.url), 'utf8');
const documentedUrl = 'https://containers.datacrunch.io/vllm-deepseek/v1/completions';
const words = wordsFor('Write a long story about a robot learning to paint.', 200);

let model: ModelServer;
let sidecar: SidecarProgram;
beforeAll(async () => {
  model = await startModelServer({ tokenMs: 15 });
  sidecar = await startSidecarProgram({ name: 'vllm-deepseek', upstream: model.url });
});
afterAll(async () => {
  await sidecar?.stop();
  await model?.close();
});

function clientFor(query = ''): string {
  expect(script).toContain(documentedUrl);
  return script.replace(documentedUrl, `${sidecar.url}/vllm-deepseek/v1/completions${query}`);
}

const env = { DATACRUNCH_TOKEN: 'a-token' };

test('its output grows while the model still produces, and is the whole text in the end', async () => {
  // The best of three: a buffer holds back each time, a machine that is busy elsewhere for a second does not.
  const runs = [await print()];
  while (runs.length < 3 && !isInTime(runs.at(-1)!)) runs.push(await print());
  const { behind, times } = runs.find(isInTime) ?? runs[0]!;
  // A buffered stream would print its first token when 199 more had been made. Half of them allows for a loaded machine.
  expect(behind[0]).toBeLessThan(100);
  expect(behind[99]).toBeLessThan(100);
  expect(times).toBeGreaterThan(50);
});

interface Printed {
  /** For each token: how many more had been made when it was printed. */
  readonly behind: readonly number[];
  /** At how many different times the output grew. */
  readonly times: number;
}

const isInTime = ({ behind, times }: Printed): boolean => behind[0]! < 100 && behind[99]! < 100 && times > 50;

async function print(): Promise<Printed> {
  model.counters.reset();
  const run = await runPython(['-c', clientFor()], { env });
  expect(run.stderr).toBe('');
  expect(run.exitCode).toBe(0);
  expect(run.stdout.startsWith(words.join(''))).toBe(true);
  expect(JSON.parse(run.stdout.slice(run.stdout.indexOf('{'))).response).toBe(words.join(''));

  const [call] = model.stats().calls;
  const madeAtMs = call!.tokensAtMs;
  expect(madeAtMs).toHaveLength(200);
  // When each token had been printed, by the model server's own clock: how many more had been made by then?
  const behind = printedAtMs(run.pieces).map(
    (atMs, index) => madeAtMs.filter((made) => made <= atMs).length - index - 1,
  );
  expect(Math.min(...behind)).toBeGreaterThanOrEqual(0);
  return { behind, times: new Set(run.pieces.map((piece) => piece.atMs)).size };
}

test('a token is printed before the next one is even produced', async () => {
  model.release('step:0');
  let released = 1;
  const run = await runPython(['-c', clientFor('?hold-tokens=step')], {
    env,
    onOutput: (stdout) => {
      // Lets go of token N only once token N-1 is on the client's standard output: any buffer on the way would stop here.
      while (released < 200 && stdout.length >= words.slice(0, released).join('').length) {
        model.release(`step:${released}`);
        released += 1;
      }
    },
  });
  expect(run.exitCode).toBe(0);
  expect(run.stdout.startsWith(words.join(''))).toBe(true);
  expect(released).toBe(200);
});

function printedAtMs(pieces: readonly { readonly text: string; readonly atMs: number }[]): number[] {
  const times: number[] = [];
  let length = 0;
  let printed = 0;
  for (const piece of pieces) {
    length += piece.text.length;
    while (times.length < words.length && printed + words[times.length]!.length <= length) {
      printed += words[times.length]!.length;
      times.push(piece.atMs);
    }
  }
  return times;
}
