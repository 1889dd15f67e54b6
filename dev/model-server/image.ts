// Images: a real PNG whose pixels follow from the prompt, as bytes (/image) or as OpenAI answers them (b64_json).
import { crc32, deflateSync } from 'node:zlib';
import { BadRequest, type Exchange, numberDirective, readJson, sendJson } from './exchange.ts';
import { randomFrom } from './text.ts';

export async function image(exchange: Exchange): Promise<void> {
  const body = await readJson(exchange.request);
  const prompt = String(body.prompt ?? exchange.url.searchParams.get('prompt') ?? 'a robot learning to paint');
  const width = numberDirective(exchange, 'width') ?? 64;
  const height = numberDirective(exchange, 'height') ?? 64;
  if (!(width >= 1 && height >= 1 && width * height <= 64_000_000)) throw new BadRequest('width and height: too large');
  const png = drawPng(prompt, Math.floor(width), Math.floor(height));
  exchange.response.writeHead(200, { 'Content-Type': 'image/png', 'Content-Length': png.length });
  exchange.response.end(png);
}

export async function imageGenerations(exchange: Exchange): Promise<void> {
  const body = await readJson(exchange.request);
  if (typeof body.prompt !== 'string') throw new BadRequest('prompt must be a string');
  const [width = 64, height = 64] = typeof body.size === 'string' ? body.size.split('x').map(Number) : [];
  const png = drawPng(body.prompt, Math.min(width || 64, 4096), Math.min(height || 64, 4096));
  sendJson(exchange.response, 200, { created: 1_700_000_000, data: [{ b64_json: png.toString('base64') }] });
}

export function drawPng(prompt: string, width: number, height: number): Buffer {
  const next = randomFrom(prompt);
  const stride = width * 3 + 1;
  const pixels = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row++) {
    for (let at = row * stride + 1; at < (row + 1) * stride; at++) pixels[at] = next() & 0xff;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
