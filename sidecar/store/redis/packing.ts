// The arguments of a step that many requests share. What is to be known of each lies one behind the other in one argument, as each
// argument costs the client, the server and Lua as much as some hundred bytes do; a content is an argument of its own, so
// that Lua, which hashes every text it is given or makes, meets it once. lua/submit.lua and lua/complete.lua take them apart.
import { encodeAnswer } from '../payload.ts';
import type { StoredResponse, Submission } from '../record.ts';
import type { Lease } from '../store.ts';
import { writeRequest } from './record-bytes.ts';

export interface Packed {
  readonly facts: Buffer;
  readonly content: Buffer;
}

const submissionFacts = 24;
const answerFacts = 4;

/** `reachable`: the longest line in which it makes its deadline; -1: any. */
export function packSubmission(submission: Submission, reachable: number): Packed {
  const { id, owner, ttlMs } = submission;
  const { bytes: content, size } = writeRequest(submission);
  const idSize = Buffer.byteLength(id);
  const facts = Buffer.allocUnsafe(submissionFacts + idSize);
  facts.writeDoubleLE(ttlMs, 0);
  facts.writeDoubleLE(reachable, 8);
  facts.writeUInt32LE(size, 16);
  facts.writeUInt16LE(Buffer.byteLength(owner), 20);
  facts.writeUInt16LE(idSize, 22);
  facts.write(id, submissionFacts);
  return { facts, content };
}

export function packAnswer({ id, token }: Lease, response: StoredResponse): Packed {
  const [idSize, tokenSize] = [Buffer.byteLength(id), Buffer.byteLength(token)];
  const facts = Buffer.allocUnsafe(answerFacts + idSize + tokenSize);
  facts.writeUInt16LE(idSize, 0);
  facts.writeUInt16LE(tokenSize, 2);
  facts.write(id, answerFacts);
  facts.write(token, answerFacts + idSize);
  return { facts, content: encodeAnswer(response) };
}

export function sizeOf({ facts, content }: Packed): number {
  return facts.length + content.length;
}

/** The arguments of the step: all facts in one, then each content. */
export function joined(items: readonly Packed[]): readonly Buffer[] {
  return [Buffer.concat(items.map(({ facts }) => facts)), ...items.map(({ content }) => content)];
}
