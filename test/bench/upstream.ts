// What stands behind the proxies: an nginx that answers from memory, so that neither it nor its language is what is measured.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from './bench.ts';
import { nginxConfig } from './nginx.ts';
import { PinnedProcess } from './pinned-process.ts';
import { freePort, untilAnswering } from './ports.ts';

/** What is asked of it: 300 bytes of JSON. */
export const requestBody = JSON.stringify({ model: 'echo', prompt: 'x'.repeat(300 - 28) });

export interface Upstream {
  readonly port: number;
}

/** 1 KiB of JSON to any request, health included. */
export async function startUpstream(context: BenchContext): Promise<Upstream> {
  const port = await freePort();
  const file = join(context.folder, 'upstream.conf');
  const body = JSON.stringify({ status: 'ok', text: 'x'.repeat(1024 - '{"status":"ok","text":""}'.length) });
  const location = `default_type application/json; location / { return 200 '${body}'; }`;
  writeFileSync(file, nginxConfig(context.folder, 'upstream', `server { listen 127.0.0.1:${port}; ${location} }`));
  context.use(new PinnedProcess('upstream', context.cores.around, ['nginx', '-c', file, '-e', 'stderr']));
  await untilAnswering(port);
  return { port };
}
