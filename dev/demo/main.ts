// npm run demo: from one manifest to a served model in front of your eyes, on a cluster on loopback. Exit code 0 only if
// every step showed what it claims. --keep leaves everything up until Ctrl-C.
import { parseArgs } from 'node:util';
import type { Step } from './proof.ts';
import { setStage } from './set-up.ts';
import { Shortfall } from './shortfall.ts';
import type { Stage } from './stage.ts';
import { farewell, story } from './story.ts';
import { Terminal } from './terminal.ts';

const usage = `npm run demo [-- --keep]

  Brings up a cluster on loopback with two fake GPU nodes, starts the operator, applies examples/echo.yaml and shows what
  a deployment can do. Needs redis-server; takes a bit more than a minute.

  --keep   leave it up afterwards, with the commands to type; Ctrl-C ends it
`;

interface Shown {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
}

/** What shells report for a program ended by Ctrl-C. */
const interruptedExitCode = 130;

const { values } = parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
// Nobody reads on (`| head`): what was started must not stay behind.
process.stdout.on('error', () => interrupted.abort());
process.exitCode = await demo(new Terminal(process.stdout, process.env), values.keep === true, interrupted.signal);

async function demo(terminal: Terminal, isKept: boolean, signal: AbortSignal): Promise<number> {
  const startedAtMs = performance.now();
  terminal.title('From one manifest to a served model, on a cluster on loopback');
  let stage: Stage;
  try {
    stage = await setStage(terminal, signal);
  } catch (error) {
    if (signal.aborted) return interruptedExitCode;
    terminal.failed(error instanceof Error ? error.message : String(error));
    return 1;
  }
  let isGood = false;
  try {
    const shown = await showAll([...story(), ...(isKept ? [] : farewell)], stage, terminal, signal);
    isGood = shown.every((step) => step.isGood);
    terminal.title('Summary');
    terminal.summary(shown);
    terminal.line(`\n${shown.length} steps in ${seconds(startedAtMs)} s.${isGood ? '' : ` Logs: ${stage.logs}`}`);
    if (signal.aborted) return interruptedExitCode;
    if (isKept) await keep(stage, terminal, signal);
    return isGood ? 0 : 1;
  } finally {
    terminal.live('taking everything down');
    await stage.close(isGood);
    terminal.line();
  }
}

/** A failed step ends the demo: later ones build on it. */
async function showAll(
  steps: readonly Step[],
  stage: Stage,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const [index, step] of steps.entries()) {
    if (signal.aborted) break;
    terminal.step(index + 1, step.name);
    const startedAtMs = performance.now();
    try {
      await Promise.race([step.run(stage, terminal), rejectWhen(signal)]);
      shown.push({ name: step.name, isGood: true, detail: `${step.claim} (${seconds(startedAtMs)} s)` });
    } catch (error) {
      if (signal.aborted) break;
      const reason = error instanceof Shortfall ? error.message : String((error as Error).stack ?? error);
      terminal.failed(`${step.claim}: not shown\n${reason}\nlogs:     ${stage.logs}`);
      shown.push({ name: step.name, isGood: false, detail: reason.split('\n').join('; ') });
      break;
    }
  }
  return shown;
}

function rejectWhen(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  return promise;
}

async function keep(stage: Stage, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { url } = await stage.oneReplica();
  terminal.title('It stays up. In another terminal:');
  terminal.output(`export KUBECONFIG=${stage.kubeconfig}
kubectl get infdep,pods -o wide
kubectl describe infdep ${stage.name}
curl -N ${url}/${stage.name}/v1/completions -d '{"prompt": "Once", "max_tokens": 50, "stream": true}'
curl -i ${url}/${stage.name}/v1/completions -H 'Prefer: respond-async' -d '{"prompt": "Once", "max_tokens": 50}'
curl ${url.replace(/:\d+$/, ':9090')}/metrics`);
  terminal.line(`\nLogs: ${stage.logs}   Ctrl-C ends it.`);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}
