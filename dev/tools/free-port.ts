// A port for a program that must be told one. Below those that the kernel gives to port 0 and to outgoing connections (from 32768 on
// Linux): one of these could be taken by somebody else between the look and the program's start.
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOWEST = 18_000;
const HIGHEST = 32_000;

export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const probe = createServer();
    try {
      await once(probe.listen(port, host), 'listening');
      await once(probe.close(), 'close');
      return port;
    } catch {
      // Taken: another.
    }
  }
  throw new Error(`no free port found on ${host} between ${LOWEST} and ${HIGHEST}`);
}
