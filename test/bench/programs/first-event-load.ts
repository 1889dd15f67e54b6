// One stream after the other: time from the request to its first event, in microseconds.
import { connect } from 'node:net';
import { quantile } from '../figure.ts';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const times: number[] = [];
for (let index = 0; index < count; index++) times.push(await firstEvent());
const sorted = times.sort((a, b) => a - b);
console.log(JSON.stringify({ p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }));

function firstEvent(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      const start = performance.now();
      socket.write('GET /v1/completions?everyMs=1000&events=1 HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n');
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (!received.includes('data: ')) return;
        resolve((performance.now() - start) * 1000);
        socket.destroy();
      });
    });
    socket.once('error', reject);
  });
}
