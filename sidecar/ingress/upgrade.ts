// Upgrades: only WebSocket is taken up; any other (h2c) is ignored, as RFC 9110 allows, and served as plain HTTP/1.1.
import type { IncomingRequest } from './http/request.ts';

export function isWebSocket({ method, headers }: IncomingRequest): boolean {
  return method === 'GET' && /(^|,)\s*websocket\s*(,|$)/i.test(headers.upgrade ?? '');
}
