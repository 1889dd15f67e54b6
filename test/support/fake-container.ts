// A container for tests of the loopback cluster's node agent: an HTTP server on the pod's address that does as its environment and
// its callers say, and writes down what happened to it, with times, in a journal that several containers share.
//   NAME PORT JOURNAL     who it is, where it listens, where it writes
//   TERM_MS               how long it takes to end after SIGTERM; `never` ignores it
//   EXIT_AFTER_MS, EXIT_CODE   it ends by itself
//   ANSWER_AFTER_MS       how long an answer takes that no caller has set
//   CHILD=1               it leaves a child behind that ignores everything but SIGKILL
// GET /set?path=/ready&status=503&afterMs=0 changes later answers, &held=1 keeps them back until /release?path=, /exit?code=3 ends it,
// /env and /cwd and /file?path= tell.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const {
  NAME = 'container',
  PORT = '8000',
  HOST = '127.0.0.1',
  JOURNAL = '',
  TERM_MS = '0',
  EXIT_AFTER_MS = '',
  EXIT_CODE = '0',
  ANSWER_AFTER_MS = '0',
} = process.env;
const answers = new Map<string, { status: number; afterMs: number; isHeld: boolean }>();
const unset = { status: 200, afterMs: Number(ANSWER_AFTER_MS), isHeld: false };
const held = new Map<string, (() => void)[]>();

function note(event: string): void {
  if (JOURNAL) appendFileSync(JOURNAL, `${JSON.stringify({ at: Date.now(), name: NAME, event, pid: process.pid })}\n`);
}

process.on('SIGTERM', () => {
  note('SIGTERM');
  console.log('told to end');
  if (TERM_MS === 'never') return;
  setTimeout(() => {
    note('exit');
    process.exit(0);
  }, Number(TERM_MS));
});

createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://pod');
  const ask = (name: string): string => url.searchParams.get(name) ?? '';
  const say = (text: string): void => void response.end(text);
  if (url.pathname === '/set') {
    const isHeld = ask('held') === '1';
    answers.set(ask('path'), { status: Number(ask('status') || 200), afterMs: Number(ask('afterMs')), isHeld });
    return say('set');
  }
  if (url.pathname === '/release') {
    for (const answer of held.get(ask('path')) ?? []) answer();
    held.delete(ask('path'));
    return say('released');
  }
  if (url.pathname === '/env') return say(JSON.stringify(process.env));
  if (url.pathname === '/args') return say(JSON.stringify(process.argv.slice(2)));
  if (url.pathname === '/cwd') return say(process.cwd());
  if (url.pathname === '/file') return say(readFileSync(ask('path'), 'utf8'));
  if (url.pathname === '/write') {
    writeFileSync(ask('path'), ask('text'));
    return say('written');
  }
  if (url.pathname === '/exit') {
    note('exit');
    process.exit(Number(ask('code')));
  }
  const { status, afterMs, isHeld } = answers.get(url.pathname) ?? unset;
  note(`${request.method} ${url.pathname}`);
  const answer = () => {
    // Before it is sent: who asked may act on the answer, and be noted, before this process has its next turn.
    note(`answered ${url.pathname}`);
    response.statusCode = status;
    response.end('ok');
  };
  if (isHeld) held.set(url.pathname, [...(held.get(url.pathname) ?? []), answer]);
  else setTimeout(answer, afterMs);
}).listen(Number(PORT), HOST, () => {
  note('listening');
  console.log(`${NAME} listens on ${HOST}:${PORT}`);
});

if (process.env.CHILD) {
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
    stdio: 'inherit',
  });
  note(`child ${child.pid}`);
}
if (EXIT_AFTER_MS) setTimeout(() => process.exit(Number(EXIT_CODE)), Number(EXIT_AFTER_MS));
note('started');
