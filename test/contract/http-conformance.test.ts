// The table of HTTP rules names a test for each: it is there, under that name.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectDir } from '../../dev/bundle.ts';

const document = readFileSync(join(projectDir, 'docs/http-conformance.md'), 'utf8');
/** Those of the tables, without their heads and rules. */
const rows = document.split('\n').filter((line) => /^\| 91/.test(line));
const textOf = (path: string) => readFileSync(join(projectDir, path), 'utf8');

test('the table has the rules of both standards', () => {
  expect(rows.length).toBeGreaterThan(60);
  for (const row of rows) expect(row).toMatch(/^\| 911[02] \d+(?:\.\d+)* \|.+\|.+\| `test\/[\w/-]+\.test\.ts`: .+ \|$/);
});

test.each(rows.map((row) => /`(test\/[\w/-]+\.test\.ts)`: (.+) \|$/.exec(row)!.slice(1)))(
  '%s has: %s',
  (path, name) => {
    const text = textOf(path!);
    expect(
      [`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted)) || isKey(text, name!),
    ).toBe(true);
  },
);

/** A table of tests by name. */
function isKey(text: string, name: string): boolean {
  return new RegExp(`^  ${name}: `, 'm').test(text);
}
