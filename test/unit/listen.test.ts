// A port that cannot be opened says why, and what to do.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { createServer as createHttpServer, listen } from '../../runtime/http.ts';

it('names the port that another program has', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(listen(createHttpServer({}), '127.0.0.1', port)).rejects.toThrow(
    `cannot listen: port ${port} is taken by another program: choose another port`,
  );
  other.close();
});

it('names the address that is not ours', async () => {
  await expect(listen(createHttpServer({}), '192.0.2.1', 0)).rejects.toThrow('192.0.2.1 is no address of this machine');
});
