// The reference of the resource as Markdown, one row a field, from the CRD's schema. Pure: text in, text out.

/** What we use of a structural schema. */
export interface CrdSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: CrdSchema;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly additionalProperties?: CrdSchema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string }[];
}

const introduction = `<!-- Generated from inferencedeployment.yaml by crds/generate.ts; do not edit. -->
# InferenceDeployment

\`inference-operator.dev/v1alpha1\`, short name \`infdep\`. The smallest one that serves a model:

\`\`\`yaml
apiVersion: inference-operator.dev/v1alpha1
kind: InferenceDeployment
metadata:
  name: llama
spec:
  container:
    image: vllm/vllm-openai:v0.11.0
    args: [--model, meta-llama/Llama-3.1-8B-Instruct]
  concurrency: 32
\`\`\`

\`kubectl explain infdep.spec --recursive\` shows the same fields. Fields without a description mean what they mean in a Kubernetes pod.
`;

export function describeFields(schema: CrdSchema): string {
  const { spec, status } = schema.properties as Readonly<Record<'spec' | 'status', CrdSchema>>;
  return [
    introduction,
    '## spec\n',
    table(spec, 'spec'),
    '## Rules\n',
    'The API server refuses a manifest that breaks one of these, with these words:\n',
    ...rules(schema).map((message) => `- ${markdownSafe(message)}`),
    '',
    '## status\n',
    table(status, 'status'),
  ].join('\n');
}

function table(schema: CrdSchema, path: string): string {
  const rows = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    row(child, `${path}.${name}`, schema.required?.includes(name) ?? false),
  );
  return ['| field | type | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function row(schema: CrdSchema, path: string, isRequired: boolean): readonly string[] {
  const shownDefault = isRequired
    ? 'required'
    : schema.default === undefined || typeof schema.default === 'object'
      ? ''
      : `\`${String(schema.default)}\``;
  const nested =
    schema.properties !== undefined ? schema : schema.items?.properties !== undefined ? schema.items : undefined;
  const nestedPath = schema.items === undefined ? path : `${path}[]`;
  const children = Object.entries(nested?.properties ?? {}).flatMap(([name, child]) =>
    row(child, `${nestedPath}.${name}`, nested?.required?.includes(name) ?? false),
  );
  return [
    `| \`${path.replace(/^(spec|status)\./, '')}\` | ${typeName(schema)} | ${shownDefault} | ${markdownSafe(schema.description ?? '')} |`,
    ...children,
  ];
}

function typeName(schema: CrdSchema): string {
  if (schema['x-kubernetes-int-or-string']) return 'quantity';
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeName(schema.additionalProperties)}`;
  const range =
    schema.minimum === undefined
      ? ''
      : schema.maximum === undefined
        ? ` of at least ${schema.minimum}`
        : ` ${schema.minimum} to ${schema.maximum}`;
  return `${schema.type}${range}`;
}

function rules(schema: CrdSchema): readonly string[] {
  return [
    ...(schema['x-kubernetes-validations'] ?? []).map((rule) => rule.message),
    ...Object.values(schema.properties ?? {}).flatMap(rules),
  ];
}

function markdownSafe(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
