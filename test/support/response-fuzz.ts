// Random responses of a container from a seed: well-formed ones of every framing, most of them then damaged, in packets.
import { Fuzz } from './fuzz.ts';

export interface FuzzedResponse {
  readonly method: string;
  readonly bytes: Buffer;
  readonly packets: readonly Buffer[];
}

export function fuzzedResponses(seed: number, count: number): readonly FuzzedResponse[] {
  const fuzz = new Fuzz(seed);
  return Array.from({ length: count }, () => {
    const method = fuzz.pick(['GET', 'GET', 'POST', 'HEAD']);
    let bytes = response(fuzz);
    for (let i = fuzz.upTo(3); i > 0; i--) bytes = fuzz.mutated(bytes);
    return { method, bytes, packets: fuzz.chance(0.3) ? [bytes] : fuzz.split(bytes) };
  });
}

function response(fuzz: Fuzz): Buffer {
  const interim = fuzz.chance(0.1) ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
  const status = fuzz.pick([
    '200 OK',
    '200 OK',
    '200 OK',
    '200',
    '201 ',
    '204 No Content',
    '304 Not Modified',
    '500 \xe9',
  ]);
  const body = 'body'.repeat(fuzz.upTo(60));
  const framing = fuzz.pick(FRAMINGS)(body, fuzz);
  const lines = Array.from({ length: fuzz.upTo(4) }, () => fuzz.pick(LINES));
  lines.splice(fuzz.upTo(lines.length + 1), 0, ...framing.lines);
  const version = fuzz.pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']);
  const surplus = fuzz.chance(0.1) ? fuzz.pick(['x', '\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']) : '';
  const head = [`${version} ${status}`, ...lines, '', ''].join('\r\n');
  return Buffer.from(interim + head + framing.content + surplus, 'latin1');
}

interface Framed {
  readonly lines: readonly string[];
  readonly content: string;
}

const FRAMINGS: readonly ((body: string, fuzz: Fuzz) => Framed)[] = [
  (body) => ({ lines: [`Content-Length: ${body.length}`], content: body }),
  (body, fuzz) => ({ lines: [`Content-Length: ${fuzz.upTo(300)}`], content: body }),
  (body) => ({ lines: [], content: body }),
  (body, fuzz) => ({
    lines: [fuzz.pick(['Transfer-Encoding: chunked', 'transfer-encoding: Chunked'])],
    content: chunked(body, fuzz),
  }),
  (body, fuzz) => ({ lines: ['Transfer-Encoding: chunked'], content: chunked(body, fuzz) }),
  (body, fuzz) => ({ lines: fuzz.pick(DOUBTFUL), content: fuzz.chance(0.5) ? body : chunked(body, fuzz) }),
];

function chunked(body: string, fuzz: Fuzz): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = 1 + fuzz.upTo(60);
    const part = body.slice(at, at + size);
    const digits = fuzz.chance(0.5)
      ? part.length.toString(16)
      : part.length.toString(16).toUpperCase().padStart(3, '0');
    text += `${digits}${fuzz.chance(0.2) ? fuzz.pick(EXTENSIONS) : ''}\r\n${part}\r\n`;
    at += size;
  }
  return `${text}0\r\n${fuzz.chance(0.3) ? 'X-Checksum: c0ffee\r\nX-Empty:\r\n' : ''}\r\n`;
}

const EXTENSIONS = [';a', ';a=b', ';a="b c"', ';a;b=c', ' ', ';', ' ;a', ';a="b'];

const DOUBTFUL: readonly (readonly string[])[] = [
  ['Content-Length: 5', 'Content-Length: 5'],
  ['Content-Length: 5', 'Content-Length: 6'],
  ['Content-Length: 5, 5'],
  ['Content-Length: +5'],
  ['Content-Length: 0x5'],
  ['Content-Length:'],
  ['Content-Length: 99999999999999999999'],
  ['Content-Length: 5', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['Transfer-Encoding: gzip'],
  ['Transfer-Encoding: gzip, chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked, identity'],
  ['Transfer-Encoding : chunked'],
  ['Transfer-Encoding:\tchunked '],
];

const LINES = [
  'Content-Type: text/plain',
  'X-Latin: caf\xe9 \xa0',
  'X-Blank:   \t ',
  'X-Inner: a  b\tc',
  'Connection: close',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'Set-Cookie: a=1',
  'Set-Cookie: b=2',
  ' folded: 1',
  'no colon',
  'X Space: 1',
  'X-Trailing : 1',
  ': no name',
  'X-Nul: a\x00b',
  'X-Del: a\x7fb',
  'X-Cr: a\rb',
  'X-Lf: a\nb',
];
