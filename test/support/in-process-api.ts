// The API of the cluster on loopback without its network, for tests of what it accepts, refuses and makes of objects.
import { Api } from '../../dev/cluster/api/api.ts';
import type { ApiResponse } from '../../dev/cluster/api/request.ts';
import { StatusError } from '../../dev/cluster/api/status-error.ts';

type Json = Record<string, unknown>;

export interface Reply {
  readonly code: number;
  readonly body: Json;
  readonly warnings: readonly string[];
}

export const MERGE = 'application/merge-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';

export class InProcessApi {
  readonly api = new Api({ address: '127.0.0.1:0', certificate: 'none', historyLength: 1000, nowMs: () => Date.now() });

  send(method: string, path: string, body?: unknown, contentType = 'application/json', agent = 'test/1'): Reply {
    const url = new URL(path, 'https://localhost');
    try {
      const routed = this.api.route({
        method,
        pathname: url.pathname,
        query: url.searchParams,
        headers: { 'user-agent': agent },
        contentType: body === undefined ? '' : contentType,
        body: body === undefined ? '' : JSON.stringify(body),
        user: { name: 'admin', groups: ['system:masters', 'system:authenticated'] },
      });
      if (routed.kind !== 'answer') throw new Error(`${path} is a stream`);
      const { code, body: answer, warnings }: ApiResponse = routed.response;
      return { code, body: answer as Json, warnings: warnings ?? [] };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { code: error.code, body: error.status, warnings: [] };
    }
  }

  apply(path: string, manager: string, body: Json, query = ''): Reply {
    return this.send('PATCH', `${path}?fieldManager=${manager}${query}`, body, 'application/apply-patch+yaml');
  }

  /** Lets housekeeping (definitions, garbage collection, namespaces) take its turn. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}
