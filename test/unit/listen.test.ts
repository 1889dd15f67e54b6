// A port that cannot be opened says why, and what to do.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { createServer as createHttpServer, listen } from '../../runtime/http.ts';
import { StartError } from '../../runtime/start-error.ts';

const flags = { host: '--host', port: '--port' };

it('names the port that another program has', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(listen(createHttpServer({}), { host: '127.0.0.1', port, flags })).rejects.toThrow(
    new StartError(`cannot listen: port ${port} is taken by another program; choose another with --port`),
  );
  other.close();
});

it('names the address that is not ours', async () => {
  await expect(listen(createHttpServer({}), { host: '192.0.2.1', port: 0, flags })).rejects.toThrow(
    '192.0.2.1 is not an address of this machine; choose another with --host',
  );
});
