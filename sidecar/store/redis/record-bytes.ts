// A request as Redis keeps it: lua/include/layout.lua says what lies where. Written here when it is submitted, then by the Lua steps.
import { encodeRequest, fingerprintOf } from '../payload.ts';
import type { Outcome, RequestState, RequestStatus, StoredMode, Submission } from '../record.ts';

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
  attempts: 51,
  size: 71,
  ownerSize: 75,
  webhookSize: 77,
} as const;
const headSize = 117;

const states: Readonly<Record<string, RequestState>> = { q: 'queued', d: 'queued', r: 'running', x: 'done' };
const outcomes: Readonly<Record<string, Outcome>> = { a: 'answered', f: 'failed', e: 'expired', c: 'canceled' };

/** As it lies in line until its first claim: its times are in the indexes, in place of its deadline is the time it has. `size`: of its content. */
export function writeRequest(submission: Submission): { readonly bytes: Buffer; readonly size: number } {
  const { mode, owner, webhook, ttlMs } = submission;
  const [ownerSize, webhookSize] = [Buffer.byteLength(owner), Buffer.byteLength(webhook)];
  const namesEnd = headSize + fingerprintSize + ownerSize + webhookSize;
  const bytes = encodeRequest(submission, namesEnd);
  bytes.fill(0, 0, headSize);
  bytes[at.state] = 'q'.charCodeAt(0);
  bytes[at.outcome] = '-'.charCodeAt(0);
  bytes[at.mode] = mode.charCodeAt(0);
  bytes.writeDoubleLE(ttlMs, at.deadline);
  const size = bytes.length - namesEnd;
  bytes.writeUInt32LE(size, at.size);
  bytes.writeUInt16LE(ownerSize, at.ownerSize);
  bytes.writeUInt16LE(webhookSize, at.webhookSize);
  bytes.write(fingerprintOf(submission), headSize, 'latin1');
  if (ownerSize > 0) bytes.write(owner, headSize + fingerprintSize);
  if (webhookSize > 0) bytes.write(webhook, headSize + fingerprintSize + ownerSize);
  return { bytes, size };
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
