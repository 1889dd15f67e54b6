// Custom resource definitions on loopback: what a real server refuses in a definition, how instances are validated by CEL rules with
// messages, reasons and old values, and that a deleted definition takes its instances along.
import { beforeEach, expect, test } from 'vitest';
import { InProcessApi, MERGE } from '../support/in-process-api.ts';

type Json = Record<string, unknown>;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GIZMOS = '/apis/example.dev/v1/namespaces/default/gizmos';

function definition(spec: Json, rules: Json[] = []): Json {
  const openAPIV3Schema = {
    type: 'object',
    properties: { spec: { type: 'object', 'x-kubernetes-validations': rules, properties: spec } },
  };
  const names = { plural: 'gizmos', kind: 'Gizmo' };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gizmos.example.dev' },
    spec: { group: 'example.dev', scope: 'Namespaced', names, versions },
  };
}

const gizmo = (spec: Json, name = 'g') => ({ apiVersion: 'example.dev/v1', kind: 'Gizmo', metadata: { name }, spec });
let api: InProcessApi;

beforeEach(() => {
  api = new InProcessApi();
});

async function serve(spec: Json, rules: Json[] = []): Promise<void> {
  expect(api.send('POST', DEFINITIONS, definition(spec, rules)).code).toBe(201);
  await api.settle();
}

const WRONG: readonly (readonly [why: string, spec: Json, rules: Json[], words: string])[] = [
  [
    'a field without a type',
    { a: {} },
    [],
    '.properties[a].type: Required value: must not be empty for specified object fields',
  ],
  ['a list without items', { a: { type: 'array' } }, [], '.items: Required value: must be specified'],
  [
    'a list key that may be missing',
    {
      a: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
        items: { type: 'object', properties: { n: { type: 'string' } } },
      },
    },
    [],
    'must have a default or be a required property',
  ],
  ['a default of the wrong type', { a: { type: 'integer', default: 'x' } }, [], 'must be of type integer'],
  ['a rule that does not compile', {}, [{ rule: 'self.a ==' }], 'compilation failed'],
  ['a rule with an unknown function', {}, [{ rule: 'frobnicate(self)' }], 'compilation failed'],
];

for (const [why, spec, rules, words] of WRONG) {
  test(`a definition is refused for ${why}`, () => {
    const reply = api.send('POST', DEFINITIONS, definition(spec, rules));
    expect(reply.code).toBe(422);
    expect(String(reply.body.message)).toContain(words);
  });
}

test('a rule can make its message, say its reason and compare with the old object', async () => {
  const fields = {
    n: { type: 'integer' },
    mode: {
      type: 'string',
      'x-kubernetes-validations': [
        { rule: 'self == oldSelf', message: 'mode is for life', reason: 'FieldValueForbidden' },
      ],
    },
  };
  await serve(fields, [
    { rule: 'self.n < 10', messageExpression: "'n is ' + string(self.n) + ', that is too much'", fieldPath: '.n' },
  ]);
  const refused = api.send('POST', GIZMOS, gizmo({ n: 12 }));
  expect(refused.body.message).toBe(
    'Gizmo.example.dev "g" is invalid: spec.n: Invalid value: n is 12, that is too much',
  );
  expect(api.send('POST', GIZMOS, gizmo({ n: 1, mode: 'a' })).code).toBe(201);
  const changed = api.send('PATCH', `${GIZMOS}/g`, { spec: { mode: 'b' } }, MERGE);
  expect(changed.body.message).toBe('Gizmo.example.dev "g" is invalid: spec.mode: Forbidden: mode is for life');
});

test('rules see the name of the object and nothing else of its metadata', async () => {
  const made = definition({ n: { type: 'integer' } }) as {
    spec: { versions: { schema: { openAPIV3Schema: Json } }[] };
  };
  made.spec.versions[0]!.schema.openAPIV3Schema['x-kubernetes-validations'] = [
    { rule: "self.metadata.labels['a'] == 'b'" },
  ];
  api.send('POST', DEFINITIONS, made);
  await api.settle();
  const reply = api.send('POST', GIZMOS, { ...gizmo({}), metadata: { name: 'g', labels: { a: 'b' } } });
  expect(String(reply.body.message)).toContain('no such key: labels');
});

test('integers, lists, patterns and lengths are judged in the words of the real server', async () => {
  await serve({
    n: { type: 'integer', maximum: 5, exclusiveMaximum: true },
    s: { type: 'string', maxLength: 3, pattern: '^a' },
    l: { type: 'array', maxItems: 1, items: { type: 'string' } },
    p: { 'x-kubernetes-int-or-string': true },
  });
  const message = (spec: Json) =>
    String(api.send('POST', GIZMOS, gizmo(spec)).body.message).replace('Gizmo.example.dev "g" is invalid: ', '');
  expect(message({ n: 5 })).toBe('spec.n: Invalid value: 5: spec.n in body should be less than 5');
  expect(message({ s: 'abcd' })).toBe('spec.s: Too long: may not be more than 3 bytes');
  expect(message({ s: 'b' })).toBe(`spec.s: Invalid value: "b": spec.s in body should match '^a'`);
  expect(message({ l: ['a', 'b'] })).toBe('spec.l: Too many: 2: must have at most 1 items');
  expect(message({ p: true })).toBe(
    'spec.p: Invalid value: "boolean": spec.p in body must be of type integer,string: "boolean"',
  );
});

test('a deleted definition takes its instances along and is then no longer served', async () => {
  await serve({ n: { type: 'integer' } });
  api.send('POST', GIZMOS, gizmo({ n: 1 }));
  expect(api.send('DELETE', `${DEFINITIONS}/gizmos.example.dev`).code).toBe(200);
  await api.settle();
  expect(api.send('GET', GIZMOS).body).toBe('404 page not found\n');
  await serve({ n: { type: 'integer' } });
  expect(api.send('GET', GIZMOS).body.items).toEqual([]);
});
