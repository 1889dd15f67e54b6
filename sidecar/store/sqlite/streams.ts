// Recorded event streams of async requests: a head and pieces under ever growing sequence numbers, for replay and following.
import { MAX_STREAM_READ_BYTES } from '../limits.ts';
import { decodeStart, encodeStart } from '../payload.ts';
import type { Lease, StreamRead, StreamStart } from '../store.ts';
import { type Ledger, stateOf } from './ledger.ts';
import type { LiveRow } from './schema.ts';

export function startStream(ledger: Ledger, lease: Lease, start: StreamStart): boolean {
  const row = ledger.heldBy(lease);
  if (typeof row === 'boolean') return false;
  const head = Buffer.from(encodeStart(start));
  const sequence = row.stream_last + 1;
  const { database } = ledger;
  database.run('DELETE FROM stream_pieces WHERE seq = ?', row.seq);
  database.run('INSERT INTO stream_pieces (seq, sequence, bytes) VALUES (?, ?, ?)', row.seq, sequence, head);
  database.run(
    'UPDATE requests SET stream_head = ?, stream_last = ?, stream_bytes = ? WHERE seq = ?',
    sequence,
    sequence,
    head.byteLength,
    row.seq,
  );
  ledger.rewritten(row, { stream_head: sequence, stream_last: sequence, answer_bytes: head.byteLength });
  return true;
}

export function appendStream(ledger: Ledger, lease: Lease, already: number, pieces: readonly Uint8Array[]): boolean {
  const row = ledger.heldBy(lease);
  if (typeof row === 'boolean' || row.stream_head === null) return false;
  let bytes = 0;
  let last = row.stream_last;
  for (const [i, piece] of pieces.entries()) {
    const sequence = row.stream_head + already + i + 1;
    if (sequence <= row.stream_last) continue;
    ledger.database.run('INSERT INTO stream_pieces (seq, sequence, bytes) VALUES (?, ?, ?)', row.seq, sequence, piece);
    bytes += piece.byteLength;
    last = sequence;
  }
  if (last === row.stream_last) return true;
  ledger.database.run(
    'UPDATE requests SET stream_last = ?, stream_bytes = stream_bytes + ? WHERE seq = ?',
    last,
    bytes,
    row.seq,
  );
  ledger.rewritten(row, { stream_last: last, answer_bytes: row.answer_bytes + bytes });
  return true;
}

type Piece = { readonly sequence: number; readonly bytes: Uint8Array };

export function readStream(ledger: Ledger, id: string, afterSequence: number, max: number): StreamRead {
  const row = ledger.find(id);
  if (row === undefined) return { kind: 'not_found' };
  const { database } = ledger;
  const head = firstPiece(ledger, row);
  // The head is a piece too, but not one of the stream's.
  const after = Math.max(afterSequence, head?.sequence ?? 0);
  const lengths = database.all<{ readonly length: number }>(
    'SELECT length(bytes) AS length FROM stream_pieces WHERE seq = ? AND sequence > ? ORDER BY sequence LIMIT ?',
    row.seq,
    after,
    max + 1,
  );
  const count = countWithin(
    lengths.map(({ length }) => length),
    max,
  );
  const chunks = database.all<Piece>(
    'SELECT sequence, bytes FROM stream_pieces WHERE seq = ? AND sequence > ? ORDER BY sequence LIMIT ?',
    row.seq,
    after,
    count,
  );
  return {
    kind: 'chunks',
    start: head === undefined ? null : decodeStart(Buffer.from(head.bytes).toString()),
    chunks,
    isEnded: stateOf(row) === 'done' && count === lengths.length,
  };
}

/** How many of the first pieces one read gives. */
function countWithin(lengths: readonly number[], max: number): number {
  let bytes = 0;
  for (const [i, length] of lengths.entries()) {
    bytes += length;
    if (i === max || (i > 0 && bytes > MAX_STREAM_READ_BYTES)) return i;
  }
  return lengths.length;
}

function firstPiece(ledger: Ledger, row: LiveRow): Piece | undefined {
  return ledger.database.get<Piece>(
    'SELECT sequence, bytes FROM stream_pieces WHERE seq = ? ORDER BY sequence LIMIT 1',
    row.seq,
  );
}
