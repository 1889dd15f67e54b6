// Readers of event streams on bare sockets, started one after the other over one interval so that events come evenly.
// Prints p50 and p99 of the time from the sending to the reading of an event, in microseconds, and how many chunks held several events.
import { connect } from 'node:net';
import { quantile } from '../figure.ts';

const [port = 0, streams = 0, everyMs = 0, events = 0] = process.argv.slice(2).map(Number);
const marker = '"at":';
const delays: number[] = [];
let merged = 0;

const readers: Promise<void>[] = [];
for (let index = 0; index < streams; index++) {
  readers.push(read());
  await new Promise((resolve) => setTimeout(resolve, everyMs / streams));
}
await Promise.all(readers);
if (delays.length !== streams * events) throw new Error(`${delays.length} events came of ${streams * events}`);
const sorted = delays.sort((a, b) => a - b);
console.log(JSON.stringify({ events: sorted.length, merged, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }));

function read(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const path = `/v1/completions?everyMs=${everyMs}&events=${events}`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
    socket.on('data', (chunk) => {
      const now = Number(process.hrtime.bigint() / 1000n);
      const text = chunk.toString('latin1');
      let found = 0;
      for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + 1)) {
        delays.push(now - Number(text.slice(at + marker.length, at + marker.length + 16)));
        found++;
      }
      if (found > 1) merged++;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}
