// The Upgrade field is a list of protocols (RFC 9110, 7.8); only WebSocket is one of ours.
import { expect, test } from 'vitest';
import { isWebSocket } from '../../sidecar/ingress/upgrade.ts';

test.each([
  ['websocket', 1, true],
  ['WebSocket', 1, true],
  ['h2c, websocket', 1, true],
  [', websocket ,', 1, true],
  ['websocket', 0, false],
  ['websockets', 1, false],
  ['websocket/13', 1, false],
  ['"websocket"', 1, false],
  ['x="h2c, websocket"', 1, false],
  ['h2c', 1, false],
  ['', 1, false],
])('%j of HTTP/1.%d is a WebSocket: %s', (upgrade, httpVersionMinor, expected) => {
  const request = { method: 'GET', httpVersionMinor, headers: { upgrade } };
  expect(isWebSocket(request as unknown as Parameters<typeof isWebSocket>[0])).toBe(expected);
});
