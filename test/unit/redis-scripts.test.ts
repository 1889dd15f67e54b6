// Each Lua file is a step or is in one, and what Redis is given is whole.
import { expect, it } from 'vitest';
import { luaFiles } from '../../sidecar/store/redis/lua-files.ts';
import { scripts } from '../../sidecar/store/redis/scripts.ts';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const isInclude = (file: string): boolean => file.startsWith('include/');

it('has a step for each Lua file beside the includes, under its name', () => {
  const files = Object.keys(luaFiles).filter((file) => !isInclude(file));
  expect(Object.keys(scripts).map(kebab).sort()).toEqual(files);
});

it('has nothing included that nobody includes', () => {
  const included = Object.values(luaFiles).flatMap((text) =>
    [...text.matchAll(/^--@include (\S+)$/gm)].map(([, name]) => `include/${name}`),
  );
  expect([...new Set(included)].sort()).toEqual(Object.keys(luaFiles).filter(isInclude));
});

it.each(Object.entries(scripts))(
  '%s tells others by pcall: a message that cannot be sent must not hide what is done',
  (_, text) => {
    expect(text).not.toContain("redis.call('PUBLISH'");
  },
);

it.each(Object.entries(scripts))('%s has all its includes and no comment', (_, text) => {
  expect(text).not.toMatch(/^\s*--/m);
  expect(text).toContain('local base = KEYS[1]');
});
