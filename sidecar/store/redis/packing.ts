// The arguments of a step that many requests share. Each argument costs the client, the server and Lua as much as some hundred bytes
// do, and Lua hashes every text it is given or makes: so what the record says is not said again beside it.
import type { Submission } from '../record.ts';
import type { Lease } from '../store.ts';
import { type FinishedRecord, submittedRecord } from './record-bytes.ts';
import type { StepArgument } from './steps.ts';

/** What one call carries at most; one larger item goes alone. */
export const maxBatchBytes = 1024 * 1024;
export const maxBatchItems = 128;

export interface PackedSubmission {
  readonly id: string;
  readonly timeToLive: string;
  /** The longest line in which it makes its deadline; -1: any. */
  readonly reachable: number;
  readonly record: Buffer;
  readonly contentSize: number;
}

export interface PackedAnswer extends FinishedRecord {
  readonly lease: Lease;
}

export function packSubmission(submission: Submission, reachable: number): PackedSubmission {
  const { id, ttlMs } = submission;
  return { id, timeToLive: String(ttlMs), reachable, ...submittedRecord(submission) };
}

export function sizeOf({ record }: { readonly record: Buffer }): number {
  return record.length;
}

/** For submit.lua, behind the limits. */
export function submissionArguments(items: readonly PackedSubmission[], submitter: string): readonly StepArgument[] {
  let [reachable, reachableByOne, size, smallest] = [Infinity, 0, 0, Infinity];
  const args: StepArgument[] = [-1, -1, 0, 0, submitter];
  for (const item of items) {
    const line = item.reachable < 0 ? Infinity : item.reachable;
    reachable = Math.min(reachable, line);
    reachableByOne = Math.max(reachableByOne, line);
    size += item.contentSize;
    smallest = Math.min(smallest, item.contentSize);
    args.push(item.id, item.timeToLive, item.record);
  }
  if (reachable < Infinity) args[0] = reachable;
  if (reachableByOne < Infinity) args[1] = reachableByOne;
  args[2] = size;
  args[3] = smallest;
  return args;
}

/** For submit-any.lua, behind the limits. */
export function anySubmissionArguments(items: readonly PackedSubmission[]): readonly StepArgument[] {
  return items.flatMap(({ id, timeToLive, reachable, record }) => [id, timeToLive, reachable, record]);
}

/** For complete.lua. */
export function answerArguments(items: readonly PackedAnswer[]): readonly StepArgument[] {
  const args: StepArgument[] = [0, 0];
  let [size, more] = [0, 0];
  for (const { lease, contentSize, moreBytes } of items) {
    size += contentSize;
    more += moreBytes;
    args.push(lease.id);
  }
  for (const { record } of items) args.push(record);
  args[0] = size;
  args[1] = more;
  return args;
}
