// Node's HTTP module, loaded the cheap way, and how every server of ours listens.
// An ESM `import` of it also loads Node's bundled undici, 15 MiB and 45 ms that nobody here uses. Types come from `node:http`.
import type { Server } from 'node:net';

export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');

/**
 * Listens; without a host on all addresses, IPv6 included where it is there. Node does that by itself, and is not asked for `::` by
 * name: to find out that this is an address takes it 16 ms.
 */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explained(error, host, port));
    server.once('error', failed);
    // A burst of clients waits in the kernel rather than being refused.
    server.listen({ ...(host === '' ? {} : { host }), port, backlog: 4096 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reason = {
    EADDRINUSE: `port ${port} is taken by another program: choose another port`,
    EACCES: `port ${port} wants more rights than this program has: choose one from 1024 on`,
    EADDRNOTAVAIL: `${host} is no address of this machine: choose another host`,
  }[error.code ?? ''];
  return reason === undefined ? error : new Error(`cannot listen: ${reason} (${error.message})`, { cause: error });
}
