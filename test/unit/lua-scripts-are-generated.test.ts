// scripts.ts is what lua/*.lua say: run node sidecar/store/redis/generate.ts after a change.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readScripts } from '../../sidecar/store/redis/generate.ts';

it('scripts.ts is generated from the .lua files', () => {
  const committed = readFileSync(new URL('../../sidecar/store/redis/scripts.ts', import.meta.url), 'utf8');
  expect(committed).toBe(readScripts());
});
