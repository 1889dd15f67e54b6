// Rules of the house that no linter holds: see CONTRIBUTING.md for the reasons.
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { projectSources } from '../support/sources.ts';

const all = projectSources('runtime', 'sidecar', 'operator', 'crds', 'dev', 'test');
const sources = all.filter(({ text }) => !/^(\/\*.*\*\/\s*|\/\/ )Generated /.test(text));
const production = sources.filter(({ path }) => /^(runtime|sidecar|operator)\//.test(path));

const those = (among: typeof sources, pattern: RegExp): readonly string[] =>
  among.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

it('reads the environment in main files only', () => {
  expect(
    those(production, /^(?!\s*(\/\/|\*)).*\bprocess\.env\b/m).filter((path) => basename(path) !== 'main.ts'),
  ).toEqual([]);
});

it('has no state at module level', () => {
  expect(
    those(production, /^(export )?let |^(export )?const \w+(: [^=]+)? = new (Map|Set|WeakMap|WeakSet)(<.*>)?\(\)/m),
  ).toEqual([]);
});

it('opens every file with a comment that says what it is', () => {
  expect(sources.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text)).map(({ path }) => path)).toEqual([]);
});

it('has no hand-written file of more than 300 lines, and no table of tests of more than 500', () => {
  const limit = (path: string): number => (path.endsWith('.test.ts') ? 500 : 300);
  const lengths = sources.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
  expect(lengths.filter(({ path, lines }) => lines > limit(path))).toEqual([]);
});

it('has no drawers: files are named by what they hold', () => {
  const drawers = sources.filter(({ path }) => /^(utils?|helpers?|common|types|managers?|misc)\b/.test(basename(path)));
  expect(drawers.map(({ path }) => path)).toEqual([]);
});

it('names in the heads of files only files that are there', () => {
  const names = new Set(all.map(({ path }) => basename(path)));
  const stale = sources.flatMap(({ path, text }) => {
    const head = /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '';
    return (head.match(/\b[a-z][a-z.-]*\.ts\b/g) ?? [])
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`);
  });
  expect(stale).toEqual([]);
});
