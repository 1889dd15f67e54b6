// Node's HTTP module, loaded the cheap way, and how every server of ours listens.
// An ESM `import` of it also loads Node's bundled undici, 15 MiB and 45 ms that nobody here uses. Types come from `node:http`.
import type { Server } from 'node:net';
import { StartError } from './start-error.ts';

export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');

/** Where a server listens, and the flags by which a person would change that. */
export interface ListenAddress {
  /** Empty: all addresses. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly flags: { readonly host: string; readonly port: string };
}

/**
 * Listens; without a host on all addresses, IPv6 included where it is there. Node does that by itself, and is not asked for `::` by
 * name: to find out that this is an address takes it 16 ms.
 */
export function listen(server: Server, { host, port, flags }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(explained(error, { host, port, flags }));
    server.once('error', failed);
    // A burst of clients waits in the kernel rather than being refused.
    server.listen({ ...(host === '' ? {} : { host }), port, backlog: 4096 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function explained(error: NodeJS.ErrnoException, { host, port, flags }: ListenAddress): Error {
  const reason = {
    EADDRINUSE: `port ${port} is taken by another program; choose another with ${flags.port}`,
    EACCES: `port ${port} needs more rights than this program has; choose one from 1024 on with ${flags.port}`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; choose another with ${flags.host}`,
    ENOTFOUND: `${host} is not a known host name; choose another with ${flags.host}`,
  }[error.code ?? ''];
  return reason === undefined ? error : new StartError(`cannot listen: ${reason}`, { cause: error });
}
