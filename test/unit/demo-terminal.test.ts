// The demo's output: in place on a terminal, plain lines elsewhere, nothing said twice.
import { expect, test } from 'vitest';
import { Terminal } from '../../dev/demo/terminal.ts';

function capture(isTTY: boolean, columns = 60) {
  let text = '';
  const terminal = new Terminal({ isTTY, columns, write: (piece) => (text += piece) }, { TERM: 'xterm' });
  return { terminal, text: () => text };
}

test('in a pipe a line that changes is printed once a change, without colours', () => {
  const { terminal, text } = capture(false);
  terminal.live('waiting', ', 1 s');
  terminal.live('waiting', ', 2 s');
  terminal.live('loading');
  terminal.proved('done');
  expect(text()).toBe('     waiting\n     loading\n     ✓ done\n');
});

test('on a terminal the line is replaced and gone with the next', () => {
  const { terminal, text } = capture(true);
  terminal.live('waiting', ', 1 s');
  terminal.live('waiting', ', 2 s');
  terminal.say('next');
  const clear = '\r\u001b[2K';
  const dots = '     \u001b[33m…\u001b[0m ';
  expect(text()).toBe(`${dots}waiting, 1 s${clear}${dots}waiting, 2 s${clear}     \u001b[2mnext\u001b[0m\n`);
});

test('streamed pieces are wrapped at the width and ended by the next line', () => {
  const { terminal, text } = capture(false, 20);
  for (const piece of ['one', ' two', ' three', ' four', ' five']) terminal.piece(piece);
  terminal.proved('all');
  expect(text()).toBe('     one two three\n     four five\n     ✓ all\n');
});

test('a failure is shown with all its lines, and the summary with a mark each', () => {
  const { terminal, text } = capture(false);
  terminal.failed('claim\nexpected: a\nseen: b');
  terminal.summary([
    { isGood: true, name: 'one', detail: 'x' },
    { isGood: false, name: 'second', detail: 'y' },
  ]);
  expect(text()).toBe('     ✗ claim\n       expected: a\n       seen: b\n  ✓ one     x\n  ✗ second  y\n');
});
