// Random WebSocket handshakes from a seed: a client's bytes and the container's answer to them, most of them damaged, in packets.
import { Fuzz } from './fuzz.ts';

export interface FuzzedUpgrade {
  readonly request: readonly Buffer[];
  readonly answer: readonly Buffer[];
  /** How the container ends: its side, abnormally, or not at all. */
  readonly end: 'ends' | 'breaks' | 'stays';
}

export function fuzzedUpgrades(seed: number, count: number): readonly FuzzedUpgrade[] {
  const fuzz = new Fuzz(seed);
  return Array.from({ length: count }, () => ({
    request: packetsOf(fuzz, request(fuzz)),
    answer: packetsOf(fuzz, answer(fuzz)),
    end: fuzz.pick(['ends', 'breaks', 'stays'] as const),
  }));
}

function packetsOf(fuzz: Fuzz, whole: Buffer): readonly Buffer[] {
  let bytes = whole;
  if (fuzz.chance(0.5)) for (let i = fuzz.upTo(3); i > 0; i--) bytes = fuzz.mutated(bytes);
  return fuzz.chance(0.3) ? [bytes] : fuzz.split(bytes);
}

function request(fuzz: Fuzz): Buffer {
  const lines = Array.from({ length: fuzz.upTo(4) }, () => fuzz.pick(REQUEST_LINES));
  const upgrade = [fuzz.pick(CONNECTIONS), fuzz.pick(UPGRADES)];
  const head = [`GET ${fuzz.pick(TARGETS)} HTTP/1.1`, 'Host: a', ...upgrade, ...lines, '', ''].join('\r\n');
  return Buffer.from(head + fuzz.pick(BEHIND), 'latin1');
}

function answer(fuzz: Fuzz): Buffer {
  const interim = fuzz.chance(0.2) ? 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'.repeat(1 + fuzz.upTo(3)) : '';
  const lines = Array.from({ length: fuzz.upTo(4) }, () => fuzz.pick(ANSWER_LINES));
  const upgrade = fuzz.chance(0.9) ? ['Connection: Upgrade', fuzz.pick(UPGRADES)] : [];
  const head = [fuzz.pick(STATUS_LINES), ...upgrade, ...lines, '', ''].join('\r\n');
  return Buffer.from(interim + head + fuzz.pick(BEHIND), 'latin1');
}

const TARGETS = [
  '/ws',
  '/demo/ws',
  '//a',
  '/a\\b',
  '/tunnel/ws://h/x',
  '/status/demo',
  '/health',
  'http://x/ws',
  '*',
  '/\x7f',
];
const CONNECTIONS = [
  'Connection: Upgrade',
  'Connection: keep-alive, upgrade',
  'Connection: close',
  'connection:Upgrade',
];
const UPGRADES = [
  'Upgrade: websocket',
  'Upgrade: websocket',
  'Upgrade: WebSocket',
  'Upgrade: h2c, websocket',
  'Upgrade: h2c',
];
const STATUS_LINES = [
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 101',
  'HTTP/1.1 101 \x01',
  'HTTP/1.0 101 Old',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 400 \xe9',
  'HTTP/1.1 199 Odd',
];
const REQUEST_LINES = [
  'Trailer: X',
  'Content-Length: 0',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Sec-WebSocket-Key: x',
  'X-Latin: caf\xe9',
  'Prefer: respond-async',
  'constructor: 1',
  '__proto__: 2',
];
const ANSWER_LINES = [
  'Trailer: X',
  'Content-Length: 0',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Set-Cookie: a',
  'set-cookie: b',
  'X-Latin: caf\xe9',
  'X-Nul: a\x00b',
  ' folded: 1',
  'constructor: 1',
  '__proto__: 2',
  '1: one',
];
const BEHIND = [
  '',
  '',
  '\x81\x05hello',
  '5\r\nhello\r\n0\r\n\r\n',
  'hello',
  'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n',
  '\x88\x02\x03\xe8',
];
