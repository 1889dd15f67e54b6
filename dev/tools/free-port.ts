// A port for a program that must be told one. Below those that the kernel gives to port 0 and to outgoing connections (from 32768 on
// Linux): one of these could be taken by somebody else between the look and the program's start. Until then the port is held on UDP,
// which no program here uses: whoever looks for a port at the same time, in this process or another, gets a different one.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOWEST = 18_000;
const HIGHEST = 32_000;
const HELD_MS = 60_000;

export async function freePort(host = '127.0.0.1', highest = HIGHEST): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (highest - LOWEST));
    if ((await isHeldForUs(port, host)) && (await isFree(port, host))) return port;
  }
  throw new Error(`no free port found on ${host} between ${LOWEST} and ${highest}`);
}

async function isHeldForUs(port: number, host: string): Promise<boolean> {
  const hold = createSocket('udp4').unref();
  try {
    hold.bind({ port, address: host, exclusive: true });
    await once(hold, 'listening');
  } catch {
    hold.close();
    return false;
  }
  setTimeout(() => hold.close(), HELD_MS).unref();
  return true;
}

/** Whether a server can listen on it. */
export async function isFree(port: number, host: string): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen(port, host), 'listening');
    await once(probe.close(), 'close');
    return true;
  } catch {
    return false;
  }
}
