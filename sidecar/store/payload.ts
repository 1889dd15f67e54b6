// How a request or an answer lies in a store: 4 bytes length of the head, the head as JSON, then the body as it came.
// One value instead of a field each: one copy, one round trip, and bodies stay bytes.
import { createHash, hash } from 'node:crypto';
import type { RawHeaders, StoredResponse, Submission } from './record.ts';
import type { StreamStart } from './store.ts';

const MOST_COPIED = 64 * 1024;

interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
}

type AnswerHead = Pick<StoredResponse, 'status' | 'headers'>;

/** `before`: so many bytes at the front are left for the caller to write. */
export function encodeRequest(submission: Submission, before = 0): Buffer {
  const { method, target, headers } = submission;
  return join({ method, target, headers } satisfies RequestHead, submission.body, before);
}

export function decodeRequest(bytes: Buffer): RequestHead & { readonly body: Uint8Array } {
  return split<RequestHead>(bytes);
}

export function encodeAnswer(response: StoredResponse, before = 0): Buffer {
  const { status, headers } = response;
  return join({ status, headers } satisfies AnswerHead, response.body, before);
}

export function decodeAnswer(bytes: Buffer): StoredResponse {
  return split<AnswerHead>(bytes);
}

export function encodeStart(start: StreamStart): string {
  const { status, headers } = start;
  return JSON.stringify({ status, headers });
}

export function decodeStart(text: string): StreamStart {
  return JSON.parse(text) as StreamStart;
}

/** The same for the same method, target and body: what makes two submissions with one id the same request. */
export function fingerprintOf(submission: Submission): string {
  // Method and target hold no space and no line end, so the head cannot be read in two ways.
  const { method, target, body } = submission;
  const head = `${method} ${target}\n`;
  // A copy for one call of the hash is faster, but of a large body it is one more in memory.
  if (body.byteLength > MOST_COPIED) return createHash('sha256').update(head).update(body).digest('base64url');
  const length = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(length + body.byteLength);
  bytes.write(head);
  bytes.set(body, length);
  return hash('sha256', bytes, 'base64url');
}

function join(head: object, body: Uint8Array, before: number): Buffer {
  const text = JSON.stringify(head);
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(before + 4 + length + body.byteLength);
  bytes.writeUInt32LE(length, before);
  bytes.write(text, before + 4);
  bytes.set(body, before + 4 + length);
  return bytes;
}

function split<Head extends object>(bytes: Buffer): Head & { readonly body: Uint8Array } {
  const end = 4 + bytes.readUInt32LE(0);
  return Object.assign(JSON.parse(bytes.toString('utf8', 4, end)) as Head, { body: bytes.subarray(end) });
}
