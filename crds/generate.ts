// Writes what follows from inferencedeployment.yaml: the TypeScript types, the reference crds/README.md and the chart's copy.
// `npm run generate` writes the files; a contract test compares them with what is committed. It never changes the YAML.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse } from 'yaml';
import { type CrdSchema, describeFields } from './reference.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = 'crds/inferencedeployment.yaml';

interface Crd {
  readonly spec: {
    readonly names: { readonly shortNames: readonly string[] };
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: CrdSchema };
      readonly additionalPrinterColumns: readonly { readonly name: string; readonly priority?: number }[];
    }[];
  };
}

/** Path (from the repository's root) to content of every generated file. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const yaml = readFileSync(root + source, 'utf8');
  const crd = parse(yaml) as Crd;
  const schema = crd.spec.versions[0]!.schema.openAPIV3Schema;
  return new Map([
    ['operator/api/inference-deployment.ts', await types(schema)],
    ['crds/README.md', describeFields(schema)],
    ['charts/inference-operator/files/inferencedeployment.yaml', yaml],
  ]);
}

async function types(schema: CrdSchema): Promise<string> {
  const prepared = asJsonSchema(schema, 'InferenceDeployment');
  const properties = prepared.properties!;
  properties.metadata = { tsType: 'ObjectMeta' };
  properties.spec!.title = 'InferenceDeploymentSpec';
  properties.status!.title = 'InferenceDeploymentStatus';
  const code = await compile(prepared, 'InferenceDeployment', {
    additionalProperties: false,
    bannerComment:
      `// Generated from ${source} by crds/generate.ts; do not edit.\n` +
      '// An InferenceDeployment as the API server returns it: fields with a default are always there.\n' +
      "import type { ObjectMeta } from './kubernetes.ts';",
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 120 },
  });
  return code.replace(/^( *)([A-Za-z]+\??:)/gm, '$1readonly $2');
}

/** The structural schema as JSON Schema: defaulted fields are required, quantities are text or numbers. */
function asJsonSchema(schema: CrdSchema, title?: string): JSONSchema {
  if (schema['x-kubernetes-int-or-string']) return { tsType: 'number | string', description: schema.description };
  const known = Object.entries(schema.properties ?? {});
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isOpen && known.length === 0) {
    return { tsType: 'Readonly<Record<string, unknown>>', description: schema.description };
  }
  const defaulted = known.filter(([, child]) => child.default !== undefined).map(([name]) => name);
  const always = title === undefined ? [] : ['apiVersion', 'kind', 'metadata'];
  return {
    ...(title === undefined ? {} : { title }),
    type: schema.type as 'object',
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(schema.enum === undefined ? {} : { enum: [...schema.enum] }),
    ...(schema.items === undefined ? {} : { items: asJsonSchema(schema.items) }),
    ...(schema.type === 'object'
      ? {
          properties: Object.fromEntries(known.map(([name, child]) => [name, asJsonSchema(child)])),
          required: [...new Set([...always, ...(schema.required ?? []), ...defaulted])],
          additionalProperties:
            schema.additionalProperties !== undefined ? asJsonSchema(schema.additionalProperties) : isOpen,
        }
      : {}),
  };
}

if (import.meta.filename === process.argv[1]) {
  for (const [path, content] of await generatedFiles()) writeFileSync(root + path, content);
}
