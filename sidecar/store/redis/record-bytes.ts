// A request as Redis keeps it, read here and written by the Lua steps: lua/include/record.lua says what lies where.
import type { Outcome, RequestState, RequestStatus, StoredMode } from '../record.ts';

export const fingerprintSize = 43;

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

export interface StoredRequest {
  readonly mode: StoredMode;
  readonly owner: string;
  readonly webhook: string;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  /** The payload, as long as the request is not done. */
  readonly content: Buffer;
}

export function readRequest(bytes: Buffer): StoredRequest {
  const [owner, webhook, end] = readNames(bytes);
  return {
    mode: modeOf(bytes),
    owner,
    webhook,
    createdAtMs: bytes.readDoubleLE(at.created),
    deadlineAtMs: bytes.readDoubleLE(at.deadline),
    content: bytes.subarray(end, end + bytes.readUInt32LE(at.size)),
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
