// The arguments of a step that many requests share. What is to be known of each lies one behind the other in one argument, as each
// argument costs the client, the server and Lua as much as some hundred bytes do; a record is an argument of its own, so
// that Lua, which hashes every text it is given or makes, meets it once. lua/submit.lua and lua/complete.lua take them apart.
import type { Submission } from '../record.ts';
import type { Lease } from '../store.ts';
import { type FinishedRecord, submittedRecord } from './record-bytes.ts';

export interface Packed {
  readonly facts: Buffer;
  readonly record: Buffer;
}

export interface PackedAnswer extends Packed {
  readonly lease: Lease;
  /** Bytes of the record in front of the answer. */
  readonly answerAt: number;
}

const submissionFacts = 24;
const tokenSize = 36;
const answerFacts = 10 + tokenSize;

/** `reachable`: the longest line in which it makes its deadline; -1: any. */
export function packSubmission(submission: Submission, reachable: number): Packed {
  const { id, owner, ttlMs } = submission;
  const { record, contentSize } = submittedRecord(submission);
  const idSize = Buffer.byteLength(id);
  const facts = Buffer.allocUnsafe(submissionFacts + idSize);
  facts.writeDoubleLE(ttlMs, 0);
  facts.writeDoubleLE(reachable, 8);
  facts.writeUInt32LE(contentSize, 16);
  facts.writeUInt16LE(Buffer.byteLength(owner), 20);
  facts.writeUInt16LE(idSize, 22);
  facts.write(id, submissionFacts);
  return { facts, record };
}

/** `finished`: the record as it shall be. */
export function packAnswer(lease: Lease, finished: FinishedRecord): PackedAnswer {
  const { id, token } = lease;
  const { record, contentSize, moreBytes, answerAt } = finished;
  const idSize = Buffer.byteLength(id);
  const facts = Buffer.allocUnsafe(answerFacts + idSize);
  facts.writeUInt16LE(idSize, 0);
  facts.writeUInt32LE(contentSize, 2);
  facts.writeInt32LE(moreBytes, 6);
  facts.write(token, 10, tokenSize, 'latin1');
  facts.write(id, answerFacts);
  return { facts, record, lease, answerAt };
}

export function sizeOf({ facts, record }: Packed): number {
  return facts.length + record.length;
}

/** The arguments of the step: all facts in one, then each record. */
export function joined(items: readonly Packed[]): readonly Buffer[] {
  return [Buffer.concat(items.map(({ facts }) => facts)), ...items.map(({ record }) => record)];
}
