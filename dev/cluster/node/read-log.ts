// `kubectl logs` of one container: which run, how much of it, followed or not. Answers as the kubelet does, errors included; the API
// server passes it on.
import { PassThrough, type Readable } from 'node:stream';
import type { LogAnswer, LogOptions } from '../kubelet.ts';
import { type ContainerRecord, stateOf } from './container.ts';
import type { ContainerLog, LogLine } from './container-log.ts';

export function readLog(record: ContainerRecord, pod: string, options: LogOptions): LogAnswer {
  const name = record.spec.name;
  if (options.previous) {
    const before = record.waiting && record.process?.exit ? record.process : record.previous;
    if (!before)
      return { ok: false, code: 400, message: `previous terminated container "${name}" in pod "${pod}" not found` };
    return { ok: true, stream: stream(before.log, { ...options, follow: false }) };
  }
  const present = record.process ?? record.previous;
  if (!present) {
    const reason = stateOf(record).waiting?.reason ?? 'ContainerCreating';
    const isBackOff = reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
    const why = isBackOff ? `trying and failing to pull image` : reason;
    return { ok: false, code: 400, message: `container "${name}" in pod "${pod}" is waiting to start: ${why}` };
  }
  return { ok: true, stream: stream(present.log, options) };
}

function stream(log: ContainerLog, options: LogOptions): Readable {
  const out = new PassThrough();
  void pump(log, options, out).catch((error: Error) => out.destroy(error));
  return out;
}

async function pump(log: ContainerLog, options: LogOptions, out: PassThrough): Promise<void> {
  const limit = { bytesLeft: options.limitBytes ?? Number.POSITIVE_INFINITY };
  let next = log.from(0).next;
  write(firstLines(log, options), options, limit, out);
  while (options.follow && !out.destroyed && limit.bytesLeft > 0) {
    if (log.from(next).lines.length === 0) {
      if (log.isClosed) break;
      await moreOf(log, out);
    }
    const more = log.from(next);
    next = more.next;
    write(more.lines, options, limit, out);
  }
  if (!out.destroyed) out.end();
}

function firstLines(log: ContainerLog, options: LogOptions): readonly LogLine[] {
  const { sinceTime, sinceSeconds, tailLines } = options;
  const sinceMs = sinceTime ? Date.parse(sinceTime) : sinceSeconds ? Date.now() - sinceSeconds * 1_000 : 0;
  const recent = log.from(0).lines.filter((line) => Date.parse(line.at) >= sinceMs);
  if (tailLines === undefined) return recent;
  return tailLines > 0 ? recent.slice(-tailLines) : [];
}

function write(lines: readonly LogLine[], options: LogOptions, limit: { bytesLeft: number }, out: PassThrough): void {
  for (const line of lines) {
    if (limit.bytesLeft <= 0 || out.destroyed) return;
    const text = Buffer.from(`${options.timestamps ? `${line.at} ` : ''}${line.text}\n`);
    out.write(text.subarray(0, limit.bytesLeft));
    limit.bytesLeft -= text.length;
  }
}

function moreOf(log: ContainerLog, out: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const callOff = log.onMore(() => {
      out.off('close', left);
      resolve();
    });
    const left = (): void => {
      callOff();
      resolve();
    };
    out.once('close', left);
  });
}
