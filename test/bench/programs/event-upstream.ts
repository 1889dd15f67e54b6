// An upstream of event streams: each stream sends an event of 150 bytes every so many milliseconds, with the time it was sent in it.
// The time is the machine's monotonic clock, which the reader in another process shares.
import { createServer } from 'node:http';

const [port = 0] = process.argv.slice(2).map(Number);
const padding = 'x'.repeat(150 - 'data: {"at":0000000000000000,"text":""}\n\n'.length);

createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://bench');
  const everyMs = Number(searchParams.get('everyMs') ?? 0);
  const wanted = Number(searchParams.get('events') ?? 1);
  request.resume();
  if (everyMs === 0) {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let sent = 0;
  const send = () => {
    response.write(event());
    if (++sent >= wanted) {
      clearInterval(timer);
      response.end();
    }
  };
  const timer = setInterval(send, everyMs);
  response.once('close', () => clearInterval(timer));
  send();
}).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));

function event(): string {
  const at = (process.hrtime.bigint() / 1000n).toString().padStart(16, '0');
  return `data: {"at":${at},"text":"${padding}"}\n\n`;
}
