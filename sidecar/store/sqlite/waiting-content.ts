// Waiting requests with their content: the latest from memory, as many as fit, so that a claim that soon follows need not read what
// was just written; the others from the file.
import { decodeRequest } from '../payload.ts';
import type { Submission } from '../record.ts';
import { StoreError } from '../store.ts';
import type { Database } from './database.ts';
import { type LiveRow, payload } from './schema.ts';

const maxBytes = 2 * 1024 * 1024;
/** What a row takes beside its content, about. */
const rowBytes = 512;

export interface Content extends Pick<Submission, 'method' | 'target' | 'headers'> {
  /** As it lies in the file; the body is its end. */
  readonly bytes: Buffer;
  readonly bodyBytes: number;
}

export interface Waiting {
  readonly row: LiveRow;
  readonly content: Content;
}

export class WaitingContent {
  readonly #database: Database;
  readonly #latest = new Map<number, Waiting>();
  #bytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  keep(waiting: Waiting): void {
    const size = sizeOf(waiting);
    if (this.#bytes + size > maxBytes) return;
    this.#latest.set(waiting.row.seq, waiting);
    this.#bytes += size;
  }

  drop(seq: number): void {
    const waiting = this.#latest.get(seq);
    if (waiting === undefined) return;
    this.#latest.delete(seq);
    this.#bytes -= sizeOf(waiting);
  }

  get(seq: number): Waiting {
    return this.#latest.get(seq) ?? this.#read(seq);
  }

  /** As a list: rows with names cost twice as much to make. */
  #read(seq: number): Waiting {
    const values = this.#database.list<Columns>(
      `SELECT id, mode, owner, webhook, attempts, token, created_at, deadline_at, started_at, error, stream_last, payload_bytes,
       stream_bytes, ${payload} FROM requests WHERE seq = ?`,
      seq,
    );
    const found = values?.at(-1);
    if (values === undefined || !(found instanceof Uint8Array)) {
      throw new StoreError(`the store file ${this.#database.path} is damaged: it lacks the request of place ${seq}`);
    }
    const [id, mode, owner, webhook, attempts, token, created_at, deadline_at, started_at, error, ...rest] = values;
    const [stream_last, payload_bytes, answer_bytes] = rest;
    return {
      row: {
        seq,
        id,
        state: 'queued',
        mode,
        owner,
        webhook,
        attempts,
        token,
        created_at,
        deadline_at,
        started_at,
        error,
        stream_head: null,
        stream_last,
        payload_bytes,
        answer_bytes,
      },
      content: contentOf(Buffer.from(found.buffer, found.byteOffset, found.byteLength)),
    };
  }
}

export function contentOf(bytes: Buffer): Content {
  const { method, target, headers, body } = decodeRequest(bytes);
  return { method, target, headers, bytes, bodyBytes: body.byteLength };
}

type Columns = readonly [
  id: string,
  mode: LiveRow['mode'],
  owner: string,
  webhook: string,
  attempts: number,
  token: string,
  createdAtMs: number,
  deadlineAtMs: number,
  startedAtMs: number | null,
  error: string,
  streamLast: number,
  payloadBytes: number,
  answerBytes: number,
  bytes: Uint8Array | null,
];

/** The body is counted with its head, and the head once more: it is kept as text too. */
function sizeOf({ row, content }: Waiting): number {
  return 2 * row.payload_bytes - content.bodyBytes + rowBytes;
}
