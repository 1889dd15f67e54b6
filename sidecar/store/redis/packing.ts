// Puts what many requests ask of one step into one argument: each argument costs the client, the server and Lua as much as some
// hundred bytes do. What is large stays an argument of its own, so that nobody copies it once more. lua/submit.lua and
// lua/complete.lua take it apart.
import { encodeAnswer, encodeRequest, fingerprintOf } from '../payload.ts';
import type { StoredResponse, Submission } from '../record.ts';
import type { Lease } from '../store.ts';
import { fingerprintSize } from './record-bytes.ts';

export interface Packed {
  readonly bytes: Buffer;
  readonly large?: Buffer;
}

const largeSize = 64 * 1024;
const submissionSize = 28;
const answerSize = 9;

export function packSubmission(submission: Submission, reachable: number): Packed {
  const { id, mode, owner, webhook, ttlMs } = submission;
  const idSize = Buffer.byteLength(id);
  const ownerSize = Buffer.byteLength(owner);
  const webhookSize = Buffer.byteLength(webhook);
  const namesSize = fingerprintSize + ownerSize + webhookSize;
  const isLarge = submission.body.byteLength > largeSize;
  const before = isLarge ? 0 : submissionSize + idSize;
  const text = encodeRequest(submission, before + namesSize);
  text.write(fingerprintOf(submission), before, 'latin1');
  text.write(owner, before + fingerprintSize);
  text.write(webhook, before + fingerprintSize + ownerSize);
  const bytes = isLarge ? Buffer.allocUnsafe(submissionSize + idSize) : text;
  bytes.writeDoubleLE(ttlMs, 0);
  bytes.writeDoubleLE(reachable, 8);
  bytes[16] = mode.charCodeAt(0);
  bytes.writeUInt16LE(idSize, 17);
  bytes.writeUInt16LE(ownerSize, 19);
  bytes.writeUInt16LE(webhookSize, 21);
  bytes.writeUInt32LE(text.length - before - namesSize, 23);
  bytes[27] = isLarge ? 0 : 1;
  bytes.write(id, submissionSize);
  return isLarge ? { bytes, large: text } : { bytes };
}

export function packAnswer({ id, token }: Lease, response: StoredResponse): Packed {
  const [idSize, tokenSize] = [Buffer.byteLength(id), Buffer.byteLength(token)];
  const headSize = answerSize + idSize + tokenSize;
  const isLarge = response.body.byteLength > largeSize;
  const before = isLarge ? 0 : headSize;
  const answer = encodeAnswer(response, before);
  const bytes = isLarge ? Buffer.allocUnsafe(headSize) : answer;
  bytes.writeUInt16LE(idSize, 0);
  bytes.writeUInt16LE(tokenSize, 2);
  bytes.writeUInt32LE(answer.length - before, 4);
  bytes[8] = isLarge ? 0 : 1;
  bytes.write(id, answerSize);
  bytes.write(token, answerSize + idSize);
  return isLarge ? { bytes, large: answer } : { bytes };
}

export function sizeOf({ bytes, large }: Packed): number {
  return bytes.length + (large?.length ?? 0);
}

/** The arguments of the step: all that is packed, then what is large. */
export function joined(items: readonly Packed[]): readonly Buffer[] {
  const packed = Buffer.concat(items.map(({ bytes }) => bytes));
  return [packed, ...items.flatMap(({ large }) => large ?? [])];
}
