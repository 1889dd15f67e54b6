// Steps of one turn of the event loop are one write; what is released goes at once, and nothing is held longer than the turn.
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { SharedWrite } from '../../sidecar/store/redis/shared-write.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function socket() {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _, done) => {
      writes.push(text);
      done();
    },
    writev: (pieces, done) => {
      writes.push(pieces.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  return { stream, writes };
}

it('what is written in one turn goes out when it ends, in one write', async () => {
  const { stream, writes } = socket();
  const write = new SharedWrite(() => stream);
  for (const step of ['a', 'b', 'c']) {
    write.hold();
    stream.write(step);
  }
  expect(writes).toEqual([]);
  await turn();
  expect(writes).toEqual(['abc']);
  write.hold();
  stream.write('d');
  await turn();
  expect(writes).toEqual(['abc', 'd']);
});

it('what is released does not wait, the rest of the turn does', async () => {
  const { stream, writes } = socket();
  const write = new SharedWrite(() => stream);
  write.hold();
  stream.write('a');
  write.release();
  expect(writes).toEqual(['a']);
  write.hold();
  stream.write('b');
  stream.write('c');
  expect(writes).toEqual(['a']);
  await turn();
  expect(writes).toEqual(['a', 'bc']);
});

it('what is gathered until the end of the turn goes along', async () => {
  const { stream, writes } = socket();
  const write = new SharedWrite(() => stream);
  write.hold();
  stream.write('a');
  write.atEndOfTurn(() => {
    write.hold();
    stream.write('b');
  });
  await turn();
  expect(writes).toEqual(['ab']);
});

it('without a socket, or with another one meanwhile, nothing is held for ever', async () => {
  let current: Writable | undefined;
  const write = new SharedWrite(() => current);
  write.hold();
  const first = socket();
  current = first.stream;
  write.hold();
  current.write('a');
  const second = socket();
  current = second.stream;
  current.write('b');
  await turn();
  expect([first.writes, second.writes]).toEqual([['a'], ['b']]);
});
