// Open-loop load: requests leave at a given rate whether or not earlier ones were answered, each on the next free connection.
// Prints the latencies' p50 and p99 in microseconds as JSON. Timers wake it every millisecond, so it spins on no core.
import { connect, type Socket } from 'node:net';
import { quantile } from '../figure.ts';

const [port = 0, perSecond = 0, seconds = 0, connections = 0] = process.argv.slice(2).map(Number);
const body = JSON.stringify({ model: 'echo', prompt: 'x'.repeat(300 - 28) });
const request = Buffer.from(
  `POST /v1/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
);
const latencies: number[] = [];
const sentAt = new Map<Socket, number>();
const free: Socket[] = [];
let late = 0;

await Promise.all(Array.from({ length: connections }, open));
await offer(Math.min(1, seconds / 4));
latencies.length = 0;
late = 0;
await offer(seconds);
const sorted = latencies.sort((a, b) => a - b);
console.log(JSON.stringify({ answered: sorted.length, late, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }));
process.exit(0);

/** Keep-alive connection that takes one request at a time; an answer is whole when its Content-Length is there. */
function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      free.push(socket);
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      if (!received.startsWith('HTTP/1.1 200')) throw new Error(received.slice(0, head));
      const length = Number(/^content-length: *(\d+)/im.exec(received.slice(0, head))?.[1]);
      if (received.length < head + 4 + length) return;
      received = '';
      latencies.push((performance.now() - sentAt.get(socket)!) * 1000);
      free.push(socket);
    });
  });
}

async function offer(forSeconds: number): Promise<void> {
  const start = performance.now();
  const wanted = Math.round(perSecond * forSeconds);
  for (let sent = 0; sent < wanted; ) {
    const due = Math.min(wanted, Math.floor(((performance.now() - start) / 1000) * perSecond));
    for (; sent < due; sent++) send();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const end = performance.now() + 5000;
  while (free.length < connections && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
}

function send(): void {
  const socket = free.shift();
  if (socket === undefined) {
    late++;
    return;
  }
  sentAt.set(socket, performance.now());
  socket.write(request);
}
