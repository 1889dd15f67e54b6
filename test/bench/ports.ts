// Free ports of the loopback, and waiting until something answers on one.
import { connect } from 'node:net';
import { freePort } from '../../dev/tools/free-port.ts';

export { freePort };

/** Resolves once a connection and an answer of any status is had. */
export async function untilAnswering(port: number, path = '/', timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await answers(port, path))) {
    if (performance.now() > end) throw new Error(`nothing answers on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** One attempt on a bare socket: no pool keeps a connection that would be counted later. */
export function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`));
    socket.once('data', (chunk) => {
      resolve(chunk.toString('latin1').startsWith('HTTP/1.1 '));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
