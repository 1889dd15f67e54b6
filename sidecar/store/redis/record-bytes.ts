// A request as Redis keeps it: lua/include/layout.lua says what lies where. Made here when it is submitted and when it is answered;
// everything else is written by the Lua steps.
import { encodeAnswer, encodeRequest, fingerprintOf } from '../payload.ts';
import type { Outcome, RequestState, RequestStatus, StoredMode, StoredResponse, Submission } from '../record.ts';

const fingerprintSize = 43;

/** Offsets in the head, whose numbers are little-endian. */
const at = {
  state: 0,
  outcome: 1,
  mode: 2,
  created: 11,
  deadline: 19,
  started: 27,
  completed: 35,
  removeAt: 43,
  attempts: 51,
  streamLast: 59,
  size: 71,
  ownerSize: 75,
  webhookSize: 77,
  errorSize: 79,
} as const;
const headSize = 117;

const states: Readonly<Record<string, RequestState>> = { q: 'queued', d: 'queued', r: 'running', x: 'done' };
const outcomes: Readonly<Record<string, Outcome>> = { a: 'answered', f: 'failed', e: 'expired', c: 'canceled' };

/** As it lies in line until its first claim. `contentSize`: bytes of it that are the payload. */
export function submittedRecord(submission: Submission): { readonly record: Buffer; readonly contentSize: number } {
  const { mode, owner, webhook, ttlMs } = submission;
  const [ownerSize, webhookSize] = [Buffer.byteLength(owner), Buffer.byteLength(webhook)];
  const namesEnd = headSize + fingerprintSize + ownerSize + webhookSize;
  const record = encodeRequest(submission, namesEnd);
  const contentSize = record.length - namesEnd;
  record.fill(0, 0, headSize);
  record.write(`q-${mode.charAt(0)}`, at.state, 'latin1');
  record.writeDoubleLE(ttlMs, at.deadline);
  record.writeUInt32LE(contentSize, at.size);
  record.writeUInt16LE(ownerSize, at.ownerSize);
  record.writeUInt16LE(webhookSize, at.webhookSize);
  record.write(fingerprintOf(submission), headSize, 'latin1');
  record.write(owner, headSize + fingerprintSize);
  record.write(webhook, headSize + fingerprintSize + ownerSize);
  return { record, contentSize };
}

export interface FinishedRecord {
  readonly record: Buffer;
  /** Where the answer begins, which in mode `proxy` nobody keeps. */
  readonly answerAt: number;
  readonly contentSize: number;
  /** What it takes beyond its payload. */
  readonly moreBytes: number;
}

/** `leased`: head and names of the request as its claim gave them. */
export function finishedRecord(
  leased: Buffer,
  response: StoredResponse,
  completedAtMs: number,
  retentionMs: number,
): FinishedRecord {
  const isKept = modeOf(leased) === 'async';
  const record = isKept ? encodeAnswer(response, leased.length) : Buffer.allocUnsafe(leased.length);
  const contentSize = record.length - leased.length;
  leased.copy(record);
  record.write('xa', at.state, 'latin1');
  record.writeDoubleLE(completedAtMs, at.completed);
  record.writeDoubleLE(completedAtMs + retentionMs, at.removeAt);
  record.writeUInt32LE(contentSize, at.size);
  record.writeUInt16LE(0, at.errorSize);
  const moreBytes = contentSize - leased.readUInt32LE(at.size);
  return { record, answerAt: leased.length, contentSize, moreBytes };
}

/** Whether `finishedRecord` is all there is to write: nobody is told, and nothing was streamed by an earlier attempt. */
export function isPlain(leased: Buffer): boolean {
  return leased.readUInt16LE(at.webhookSize) === 0 && leased.readUInt32LE(at.streamLast) === 0;
}

export interface StoredRequest {
  readonly mode: StoredMode;
  readonly owner: string;
  readonly webhook: string;
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  /** The payload, as long as the request is not done. */
  readonly content: Buffer;
}

/** `lease`: its head and names as they are since the claim. `stored`: all of it as it was before. */
export function readClaimed(lease: Buffer, stored: Buffer): StoredRequest {
  const [owner, webhook, end] = readNames(lease);
  return {
    mode: modeOf(lease),
    owner,
    webhook,
    attempt: lease.readUInt16LE(at.attempts),
    createdAtMs: lease.readDoubleLE(at.created),
    deadlineAtMs: lease.readDoubleLE(at.deadline),
    content: stored.subarray(end, end + lease.readUInt32LE(at.size)),
  };
}

/** `bytes`: at least up to the content. */
export function readStatus(id: string, bytes: Buffer, error: string, position: number): RequestStatus {
  const state = states[letter(bytes, at.state)] ?? 'done';
  return {
    id,
    mode: modeOf(bytes),
    owner: readNames(bytes)[0],
    state,
    outcome: outcomes[letter(bytes, at.outcome)] ?? null,
    error: state === 'done' && error !== '' ? error : null,
    position: state === 'queued' ? position : null,
    attempts: bytes.readUInt16LE(at.attempts),
    createdAtMs: bytes.readDoubleLE(at.created),
    deadlineAtMs: bytes.readDoubleLE(at.deadline),
    startedAtMs: bytes.readDoubleLE(at.started) || null,
    completedAtMs: bytes.readDoubleLE(at.completed) || null,
  };
}

/** Owner, webhook, and where the content begins. */
function readNames(bytes: Buffer): readonly [string, string, number] {
  const ownerAt = headSize + fingerprintSize;
  const webhookAt = ownerAt + bytes.readUInt16LE(at.ownerSize);
  const end = webhookAt + bytes.readUInt16LE(at.webhookSize);
  return [bytes.toString('utf8', ownerAt, webhookAt), bytes.toString('utf8', webhookAt, end), end];
}

const modeOf = (bytes: Buffer): StoredMode => (letter(bytes, at.mode) === 'p' ? 'proxy' : 'async');
const letter = (bytes: Buffer, place: number): string => String.fromCharCode(bytes[place] ?? 0);
