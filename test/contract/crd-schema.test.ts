// Rules of the resource definition that no type checker holds: bounded where rules walk, messages that name the field and the fix,
// every field described, every phase and condition in the manual.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectDir } from '../../dev/bundle.ts';
import { conditionTypes, reasons } from '../../operator/api/conditions.ts';
import { crdSchema } from '../support/inference-deployment.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string;
    readonly message: string;
    readonly fieldPath?: string;
  }[];
}

const root = crdSchema() as Schema;
const read = (path: string): string => readFileSync(join(projectDir, path), 'utf8');

function* walk(schema: Schema, path = ''): Generator<readonly [string, Schema]> {
  yield [path, schema];
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    yield* walk(child, path ? `${path}.${name}` : name);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* walk(schema.additionalProperties, `${path}{}`);
}
const nodes = [...walk(root)];
const rules = nodes.flatMap(([path, schema]) =>
  (schema['x-kubernetes-validations'] ?? []).map((rule) => ({ path, ...rule })),
);

it('has a type for every field, or says that it is a quantity', () => {
  const untyped = nodes.filter(
    ([, schema]) => schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true,
  );
  expect(untyped.map(([path]) => path)).toEqual([]);
});

it('bounds every list and map of spec, so that no rule costs more than the API server allows', () => {
  const isList = (schema: Schema) => schema.type === 'array' && schema.maxItems === undefined;
  const isMap = (schema: Schema) => schema.additionalProperties !== undefined && schema.maxProperties === undefined;
  const unbounded = nodes.filter(([path, schema]) => path.startsWith('spec') && (isList(schema) || isMap(schema)));
  expect(unbounded.map(([path]) => path)).toEqual([]);
});

it('has rules whose messages begin with the field and fit on a line of kubectl', () => {
  expect(rules.length).toBeGreaterThan(12);
  for (const { path, rule, message, fieldPath = '' } of rules) {
    const field = path === '' ? 'metadata.name' : `${path}${fieldPath}`;
    expect(message, rule).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}`));
    expect(message, rule).not.toContain('\n');
  }
});

it('names only fields that exist in the paths of its rules', () => {
  for (const { path, fieldPath } of rules) {
    if (fieldPath !== undefined) expect(nodes.map(([known]) => known)).toContain(`${path}${fieldPath}`);
  }
});

it('describes every field of the first two levels of spec and status', () => {
  const passedOn =
    /^spec\.(container\.(imagePullPolicy)|priorityClassName|runtimeClassName|serviceAccountName|sidecar\.\w+)$/;
  const silent = nodes.filter(
    ([path, schema]) =>
      /^(spec|status)\.\w+(\.\w+)?$/.test(path) && schema.description === undefined && !passedOn.test(path),
  );
  expect(silent.map(([path]) => path)).toEqual(['status.conditions']);
});

it('lets the pieces of a pod that are deep pass as they are, and nothing else', () => {
  const open = nodes.filter(([, schema]) => schema['x-kubernetes-preserve-unknown-fields']).map(([path]) => path);
  expect(open).toEqual(['spec.volumes[]', 'spec.affinity', 'spec.topologySpreadConstraints[]']);
});

it('can be scaled, has a status of its own, and shows what a person asks first', () => {
  const { spec } = parse(read('crds/inferencedeployment.yaml')) as {
    spec: {
      names: object;
      versions: { subresources: object; additionalPrinterColumns: { name: string; priority?: number }[] }[];
    };
  };
  expect(spec.names).toMatchObject({ shortNames: ['infdep'], categories: ['all'] });
  expect(spec.versions[0]?.subresources).toEqual({
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  });
  const shown = spec.versions[0]?.additionalPrinterColumns.filter(({ priority }) => !priority).map(({ name }) => name);
  expect(shown).toEqual(['Phase', 'Ready', 'Queued', 'In-flight', 'Waiting-for', 'Age']);
});

it('has each phase, condition and reason in the operator’s manual', () => {
  const manual = read('operator/README.md');
  const phases = root.properties?.status?.properties?.phase?.enum ?? [];
  expect(phases).toHaveLength(9);
  for (const word of [...phases, ...Object.keys(conditionTypes), ...Object.keys(reasons)]) {
    expect(manual).toContain(`| \`${word}\` |`);
  }
});

it('names reasons that the code gives, and none besides', () => {
  const code = [
    'status/condition.ts',
    'status/container-end.ts',
    'status/pod-state.ts',
    'status/assessment.ts',
    'reconcile/outcome.ts',
    'reconcile/plan.ts',
  ]
    .map((path) => read(`operator/${path}`))
    .join('\n');
  expect(Object.keys(reasons).filter((reason) => !code.includes(`'${reason}'`))).toEqual([]);
});
