// What docs/security.md claims is shown by tests that are there.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('names tests that exist', () => {
  const named = readFileSync('docs/security.md', 'utf8').match(/test\/[\w/.-]+\.test\.ts/g) ?? [];
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});
