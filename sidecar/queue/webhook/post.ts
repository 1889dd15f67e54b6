// One HTTP POST to a webhook's receiver: on a connection of its own, to an address that was checked, with a time limit.
// Redirects are not followed: they could lead anywhere.
import type { RequestOptions } from 'node:https';
import type { WebhookHost } from '../../contract.ts';
import { ForbiddenDestination, guardedLookup, readDestination } from './destination.ts';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly allowedHosts: readonly WebhookHost[];
}

export type PostOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'no_answer'; readonly message: string }
  | { readonly kind: 'forbidden'; readonly message: string };

export function post(what: Post): Promise<PostOutcome> {
  return new Promise((resolve) => {
    const failed = (error: unknown): void => {
      const message = error instanceof Error ? error.message : String(error);
      resolve({ kind: error instanceof ForbiddenDestination ? 'forbidden' : 'no_answer', message });
    };
    try {
      const url = readDestination(what.url, what.allowedHosts);
      const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
      const options: RequestOptions = {
        method: 'POST',
        headers: { ...what.headers, 'content-length': String(Buffer.byteLength(what.body)) },
        agent: false,
        lookup: guardedLookup(what.allowedHosts) as NonNullable<RequestOptions['lookup']>,
        signal: AbortSignal.timeout(what.timeoutMs),
      };
      const sent = request(url, options, (response) => {
        resolve({ kind: 'answered', status: response.statusCode ?? 0 });
        // Nobody reads what the receiver says; a large answer must not be received either.
        response.destroy();
      });
      sent.on('error', failed);
      sent.end(what.body);
    } catch (error) {
      failed(error);
    }
  });
}
