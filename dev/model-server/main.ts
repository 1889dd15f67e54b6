// The sample model server as a program. Its life outside of requests: flags in, one line per request out, SIGTERM lets
// what is inside finish, a crash on demand is a real one (SIGKILL to itself).
import { startModelServer } from './server.ts';
import { helpText, readSettings } from './settings.ts';

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(helpText());
  process.exit(0);
}

const settings = readSettings(process.argv.slice(2), process.env);
if ('mistakes' in settings) {
  process.stderr.write(`${settings.mistakes.join('\n')}\nTry --help.\n`);
  process.exit(2);
}

/** In a container it is process 1, whose SIGKILL to itself the kernel ignores. */
function crash(): void {
  if (process.pid === 1) process.exit(137);
  process.kill(process.pid, 'SIGKILL');
}

const server = await startModelServer({ ...settings, onCrash: crash }).catch((error: Error) => {
  process.stderr.write(`cannot listen on ${settings.host}:${settings.port}: ${error.message}\n`);
  process.exit(1);
});
process.stdout.write(`model server "${settings.model}" on ${server.url}, loads for ${settings.loadSeconds} s\n`);

if (!settings.quiet) {
  server.counters.on('ended', (call) => {
    const tookMs = (call.endedAtMs ?? 0) - call.startedAtMs;
    const id = call.id === null ? '' : ` id=${call.id}`;
    process.stdout.write(`${call.method} ${call.path} ${call.outcome} ${call.status ?? '-'} ${tookMs} ms${id}\n`);
  });
}

async function stop(signal: string): Promise<void> {
  process.stdout.write(`${signal}: ${server.stats().inFlight} inside, finishing\n`);
  await server.drain();
  process.exit(0);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (signal === 'SIGTERM' && settings.ignoreSigterm) return;
    void stop(signal);
  });
}
