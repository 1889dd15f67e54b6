// Closed-loop load by wrk, one thread on the core of the load: as many requests as the other side can take.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchContext } from './bench.ts';

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers of 400 and more, broken and timed-out connections. */
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly seconds?: number;
}

export async function wrk(context: BenchContext, options: LoadOptions): Promise<LoadResult> {
  const script = join(context.folder, 'load.lua');
  writeFileSync(script, luaScript(options));
  const url = `http://127.0.0.1:${options.port}${options.path ?? '/v1/completions'}`;
  const seconds = options.seconds ?? context.seconds;
  const parameters = ['-t1', `-c${options.connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url];
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(context.cores.around), 'wrk', ...parameters]);
  const result = /RESULT (\{.*\})/.exec(stdout)?.[1];
  if (result === undefined) throw new Error(`wrk said: ${stdout}`);
  return JSON.parse(result) as LoadResult;
}

function luaScript({ body, headers = {} }: LoadOptions): string {
  const all = { 'Content-Type': 'application/json', ...headers };
  const lines = Object.entries(all).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  return `
wrk.method = "POST"
wrk.body = [==[${body}]==]
${lines.join('\n')}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%f,"failures":%d,"p50Ms":%f,"p99Ms":%f}\\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
`;
}
