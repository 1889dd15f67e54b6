// Arrows between the rooms run downwards only: dev, test -> operator -> sidecar/contract -> runtime, types included.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectDir } from '../../dev/bundle.ts';
import { projectSources, type Source } from '../support/sources.ts';

const rooms = ['runtime', 'sidecar', 'operator', 'crds', 'dev', 'test'];
const mayImport: Readonly<Record<string, RegExp>> = {
  // The manifest says which version this is.
  runtime: /^(runtime\/|package\.json$)/,
  sidecar: /^(sidecar|runtime)\//,
  operator: /^(operator\/|runtime\/|sidecar\/contract\.ts$)/,
  crds: /^crds\//,
  dev: /^(dev|crds|operator|sidecar|runtime)\//,
  test: /^/,
};
const sources = projectSources(...rooms);
const production = sources.filter(({ path }) => /^(runtime|sidecar|operator)\//.test(path));
const manifest = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8'));

const roomOf = (path: string): string => path.split('/')[0] ?? '';
const importers = (packageName: string, among: readonly Source[]): readonly string[] =>
  among.filter(({ imports }) => imports.some(({ target }) => target === packageName)).map(({ path }) => path);

it('finds imports to look at', () => {
  expect(production.length).toBeGreaterThan(20);
  expect(production.flatMap(({ imports }) => imports).length).toBeGreaterThan(production.length);
});

it.each(rooms)('%s imports only what lies below it', (room) => {
  const upward = sources
    .filter(({ path }) => roomOf(path) === room)
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ isPackage, target }) => !isPackage && !mayImport[room]?.test(target))
        .map(({ target }) => `${path} -> ${target}`),
    );
  expect(upward).toEqual([]);
});

it('imports only files that are there', () => {
  const broken = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ isPackage, target }) => !isPackage && !existsSync(join(projectDir, target)))
      .map(({ target }) => `${path} -> ${target}`),
  );
  expect(broken).toEqual([]);
});

it('has no import cycle among values', () => {
  const graph = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter((one) => !one.isPackage && !one.isTypeOnly).map((one) => one.target),
    ]),
  );
  expect(cycleIn(graph)).toBeUndefined();
});

it('keeps Kubernetes out of the sidecar and the ground floor', () => {
  const wrong = importers('@kubernetes/client-node', production).filter((path) => !path.startsWith('operator/'));
  expect(wrong).toEqual([]);
});

it('imports http-proxy, whose plain-HTTP path leaks, in exactly one file', () => {
  expect(
    importers(
      'http-proxy',
      sources.filter(({ path }) => !path.startsWith('test/')),
    ),
  ).toHaveLength(1);
});

it('loads the OpenTelemetry SDK in one file, and that file only when traces are wanted', () => {
  const ofSdk = (name: string) => /^@opentelemetry\//.test(name);
  const users = production.filter(({ imports }) => imports.some(({ target }) => ofSdk(target))).map(({ path }) => path);
  expect(users).toEqual(['sidecar/telemetry/span-export.ts']);
  const naming = production.filter(({ text }) => text.includes('/span-export.ts'));
  expect(naming.map(({ path }) => path)).toEqual(['sidecar/telemetry/traces.ts']);
  const mentions = naming[0]?.text.split('\n').filter((line) => line.includes('/span-export.ts'));
  expect(mentions).toHaveLength(1);
  expect(mentions?.[0]).toMatch(/= await import\(/);
});

it('uses in production only packages that are production dependencies', () => {
  const development = Object.keys(manifest.devDependencies);
  const wrong = production.flatMap(({ path, imports }) =>
    imports
      .filter(({ isPackage, isTypeOnly, target }) => isPackage && !isTypeOnly && development.includes(target))
      .map(({ target }) => `${path} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' -> ');
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
