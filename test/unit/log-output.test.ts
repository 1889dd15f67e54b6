// Log lines gathered and written together: nothing is held long, nothing stalls who logs, and what is lost is said.
import { expect, test } from 'vitest';
import { LogOutput } from '../../runtime/log-output.ts';
import { ManualClock } from '../support/manual-clock.ts';

type Done = (error: NodeJS.ErrnoException | null, written: number) => void;

/** A file whose writes are finished by the test. */
class SlowFile {
  text = '';
  pending: { readonly bytes: Buffer; readonly done: Done } | undefined;

  write(bytes: Buffer, from: number, to: number, done: Done): void {
    expect(this.pending, 'one write at a time').toBeUndefined();
    this.pending = { bytes: Buffer.from(bytes.subarray(from, to)), done };
  }

  writeSync(bytes: Buffer, from: number, to: number): number {
    const taken = Math.min(to - from, 7);
    this.text += bytes.toString('utf8', from, from + taken);
    return taken;
  }

  take(count = Number.POSITIVE_INFINITY): void {
    const { bytes, done } = this.pending!;
    this.pending = undefined;
    const taken = bytes.subarray(0, count);
    this.text += taken.toString('utf8');
    done(null, taken.length);
  }

  fail(code: string): void {
    const { done } = this.pending!;
    this.pending = undefined;
    done(Object.assign(new Error(code), { code }), 0);
  }
}

function world() {
  const [file, clock] = [new SlowFile(), new ManualClock()];
  return { file, clock, output: new LogOutput(file, clock, (lost) => `lost ${lost}\n`) };
}

test('lines wait a tenth of a second for others and leave together', () => {
  const { file, clock, output } = world();
  output.write('a\n');
  clock.advance(99);
  output.write('ä€\n');
  expect(file.pending).toBeUndefined();
  clock.advance(1);
  file.take();
  expect(file.text).toBe('a\nä€\n');
  clock.advance(1000);
  expect(file.pending).toBeUndefined();
  expect(clock.timers).toBe(0);
});

test('many lines do not wait', () => {
  const { file, output } = world();
  for (let i = 0; i < 40; i++) output.write(`${'x'.repeat(1023)}\n`);
  expect(file.pending?.bytes.length).toBe(32 * 1024);
});

test('what comes while another write is under way follows it, in order, and a write that took a part goes on', () => {
  const { file, clock, output } = world();
  output.write('one\n');
  clock.advance(100);
  output.write('two\n');
  clock.advance(100);
  file.take(2);
  file.take();
  clock.advance(100);
  file.take();
  expect(file.text).toBe('one\ntwo\n');
});

test('an output that takes nothing for the moment is tried again', () => {
  const { file, clock, output } = world();
  output.write('one\n');
  clock.advance(100);
  file.fail('EAGAIN');
  clock.advance(100);
  file.take();
  expect(file.text).toBe('one\n');
});

test('without a reader memory is bounded, and the log says how many lines are missing once there is one again', () => {
  const { file, clock, output } = world();
  output.write('first\n');
  clock.advance(100);
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 3000; i++) output.write(line);
  file.take();
  clock.advance(0);
  file.take();
  output.write('last\n');
  clock.advance(100);
  file.take();
  const kept = file.text.split('\n').filter((each) => each.startsWith('x')).length;
  expect(file.text).toMatch(/^first\n/);
  expect(kept).toBeGreaterThan(300);
  expect(file.text.endsWith(`lost ${3000 - kept}\nlast\n`)).toBe(true);
});

test('a reader that has gone costs what was being written, and nothing else', () => {
  const { file, clock, output } = world();
  output.write('one\n');
  clock.advance(100);
  file.fail('EPIPE');
  output.write('two\n');
  clock.advance(100);
  file.take();
  expect(file.text).toBe('two\n');
});

test('at the end of the program what is held is written', () => {
  const { file, output } = world();
  output.write('the last words\n');
  output.flushSync();
  expect(file.text).toBe('the last words\n');
});
