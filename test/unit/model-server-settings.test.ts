// Flags and environment of the sample model server: flags win, all mistakes at once, strangers refused unless lenient.
import { expect, test } from 'vitest';
import { helpText, readSettings } from '../../dev/model-server/settings.ts';

test('flags win over environment, environment over defaults', () => {
  const settings = readSettings(['--port', '9000', '--batching'], { PORT: '8001', HOST: '127.0.0.9' });
  expect(settings).toMatchObject({ port: 9000, host: '127.0.0.9', batching: true, cog: false, tokenMs: 5 });
});

test('all mistakes are reported at once, by name', () => {
  const settings = readSettings(['--speed', '0', '--while-loading', 'sleep', '--colour=red'], { PORT: 'high' });
  expect('mistakes' in settings && settings.mistakes).toEqual([
    'unknown flag --colour',
    '--port (PORT): "high" is not a number',
    '--speed (SPEED): "0" is not a positive number',
    '--while-loading (WHILE_LOADING): "sleep" is none of answer, refuse',
  ]);
});

test('lenient takes the flags of another server and ignores those it does not know', () => {
  const settings = readSettings(['--lenient', '--model=deepseek', '--max-num-seqs', '32'], {});
  expect(settings).toMatchObject({ model: 'deepseek' });
});

test('the help names every flag', () => {
  expect(helpText().match(/^ {2}--[a-z-]+/gm)).toHaveLength(16);
});
