// Upgrades: only WebSocket is taken up; any other (h2c) is ignored, as RFC 9110 allows, and served as plain HTTP/1.1.
import { tokenList } from '../../runtime/fields/list.ts';
import type { IncomingRequest } from './http/request.ts';

/** In HTTP/1.0 `Upgrade` means nothing (RFC 9110, 7.8). */
export function isWebSocket({ method, headers, httpVersionMinor }: IncomingRequest): boolean {
  return method === 'GET' && httpVersionMinor === 1 && tokenList(headers.upgrade ?? '').includes('websocket');
}
