// Node's HTTP module, loaded the cheap way, and how every server of ours listens.
// An ESM `import` of it also loads Node's bundled undici, 15 MiB and 45 ms that nobody here uses. Types come from `node:http`.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');

/** Listens; without a host on all addresses, IPv6 included where it is there. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  const attempt = (address: string) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // A burst of clients waits in the kernel rather than being refused.
      server.listen({ host: address, port, backlog: 4096 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  if (host !== '') return attempt(host);
  return attempt('::').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EAFNOSUPPORT' && error.code !== 'EADDRNOTAVAIL') throw error;
    return attempt('0.0.0.0');
  });
}

/** A response for a bare socket, such as Node hands out with an upgrade. */
export function newResponse(request: IncomingMessage): ServerResponse {
  const { ServerResponse: Response } = process.getBuiltinModule('node:http');
  return new Response(request);
}
