// Puts submissions in line, or says why not: submit and replay.
import { encodeRequest, fingerprintOf } from '../payload.ts';
import type { Submission } from '../record.ts';
import type { SubmitOutcome } from '../store.ts';
import type { Ledger } from './ledger.ts';
import { type LiveRow, mostInRow, payload as payloadOf } from './schema.ts';
import { type Content, contentOf } from './waiting-content.ts';

type Entry = Omit<Submission, 'method' | 'target' | 'headers' | 'body'> & {
  readonly fingerprint: string;
  readonly content: Content;
  readonly reachable: number;
};

export function submit(ledger: Ledger, submission: Submission, reachable: number): SubmitOutcome {
  const { id, mode, owner, webhook, ttlMs, method, target, headers, body } = submission;
  const content = { method, target, headers, bytes: encodeRequest(submission), bodyBytes: body.byteLength };
  return accept(ledger, {
    id,
    mode,
    owner,
    webhook,
    ttlMs,
    fingerprint: fingerprintOf(submission),
    content,
    reachable,
  });
}

export function replay(ledger: Ledger, id: string, newId: string): SubmitOutcome | null {
  const row = ledger.find(id);
  if (row === undefined || row.is_dead !== 1) return null;
  const payload = ledger.database.bytes(`SELECT ${payloadOf} FROM requests WHERE seq = ?`, row.seq);
  if (payload === undefined) return null;
  const { mode, owner, webhook, fingerprint } = row;
  const ttlMs = row.deadline_at - row.created_at;
  const content = contentOf(payload);
  const outcome = accept(ledger, { id: newId, mode, owner, webhook, ttlMs, fingerprint, content, reachable: -1 });
  if (outcome.kind === 'accepted') {
    ledger.database.run('UPDATE endings SET is_dead = 0 WHERE seq = ?', row.seq);
    ledger.dropPayload(row);
    ledger.memory.tally.add('deadLetters', -1);
  }
  return outcome;
}

function accept(ledger: Ledger, entry: Entry): SubmitOutcome {
  const { database, limits, memory } = ledger;
  const known = ledger.findAny(entry.id);
  if (known !== undefined) {
    if (known.remove_at === null || known.remove_at > ledger.nowMs()) {
      return {
        kind: known.fingerprint === entry.fingerprint && known.owner === entry.owner ? 'duplicate' : 'conflict',
      };
    }
    ledger.forget(known);
  }
  const { queued } = memory;
  const { bytes } = memory.tally.sums;
  if (queued >= limits.maxQueue) return { kind: 'full', queued };
  if (entry.reachable >= 0 && queued > entry.reachable) return { kind: 'unreachable', queued };
  const { bytes: payload } = entry.content;
  const size = payload.byteLength;
  if (limits.maxStoredBytes > 0 && bytes + size > limits.maxStoredBytes) {
    return { kind: 'quota_exceeded', storedBytes: bytes };
  }
  const nowMs = ledger.nowMs();
  const deadline = nowMs + entry.ttlMs;
  const seq = memory.nextSeq();
  database.run(
    `INSERT INTO requests (seq, id, mode, owner, webhook, fingerprint, created_at, deadline_at, payload_bytes, payload)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    seq,
    entry.id,
    entry.mode,
    entry.owner,
    entry.webhook,
    entry.fingerprint,
    nowMs,
    deadline,
    size,
    size <= mostInRow.payload ? payload : null,
  );
  if (size > mostInRow.payload) database.run('INSERT INTO payloads (seq, bytes) VALUES (?, ?)', seq, payload);
  memory.tally.add('bytes', size);
  memory.keep({ row: newRow(entry, seq, nowMs), content: entry.content });
  ledger.joinLine(seq);
  return { kind: 'accepted', position: queued };
}

function newRow({ id, mode, owner, webhook, ttlMs, content }: Entry, seq: number, nowMs: number): LiveRow {
  return {
    seq,
    id,
    state: 'queued',
    mode,
    owner,
    webhook,
    attempts: 0,
    token: '',
    created_at: nowMs,
    deadline_at: nowMs + ttlMs,
    started_at: null,
    error: '',
    stream_head: null,
    stream_last: 0,
    payload_bytes: content.bytes.byteLength,
    answer_bytes: 0,
  };
}
