// Schemas as OpenAPI v3 components: built-in models become named components that point to each other, custom ones stay whole.
// `kubectl explain` reads types, required marks and descriptions from here.
import { copy, type Fields, isFields } from './objects.ts';
import type { Resource } from './resource.ts';
import type { Schema } from './schema.ts';

export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const META_MODELS = new Set([
  'ObjectMeta',
  'OwnerReference',
  'ManagedFieldsEntry',
  'LabelSelector',
  'LabelSelectorRequirement',
  'Condition',
  'ListMeta',
]);

export const API_VERSION_WORDS =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources';
export const KIND_WORDS =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds';
const METADATA_WORDS =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const LIST_METADATA_WORDS =
  'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds';

function modelName(model: string): string {
  const short = model.replace(/^[A-Z][a-z]*?(?=V\d)/, '').replace(/^V\d+((alpha|beta)\d+)?/, '');
  return META_MODELS.has(short) ? `${META}.${short}` : `io.k8s.api.v1.${short}`;
}

export function componentName(resource: Resource): string {
  if (!resource.isCustom) return modelName(resource.schema.model!);
  return `${resource.group.split('.').reverse().join('.')}.${resource.version}.${resource.kind}`;
}

export const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

export class ComponentWriter {
  readonly components: Record<string, Fields> = {};

  resource(resource: Resource): void {
    const kinds = [{ group: resource.group, kind: resource.kind, version: resource.version }];
    const name = componentName(resource);
    if (resource.isCustom) this.components[name] = this.#custom(resource);
    else this.#model(resource.schema);
    this.components[name] = { ...this.components[name], 'x-kubernetes-group-version-kind': kinds };
    if (resource.verbs.includes('list')) this.#list(resource, name);
  }

  #list(resource: Resource, item: string): void {
    const properties = {
      apiVersion: { description: API_VERSION_WORDS, type: 'string' },
      items: {
        description: `List of ${resource.plural}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`,
        type: 'array',
        items: reference(item),
      },
      kind: { description: KIND_WORDS, type: 'string' },
      metadata: { description: LIST_METADATA_WORDS, allOf: [reference(`${META}.ListMeta`)] },
    };
    this.components[`${item}List`] = {
      description: `${resource.listKind} is a list of ${resource.kind}`,
      type: 'object',
      required: ['items'],
      properties,
      'x-kubernetes-group-version-kind': [
        { group: resource.group, kind: resource.listKind, version: resource.version },
      ],
    };
  }

  #custom(resource: Resource): Fields {
    const { metadata, ...properties } = resource.schema.properties ?? {};
    const schema = published({ ...resource.schema, properties } as Schema);
    this.#model(metadata!);
    schema.properties = {
      ...(schema.properties as Fields | undefined),
      apiVersion: { description: API_VERSION_WORDS, type: 'string' },
      kind: { description: KIND_WORDS, type: 'string' },
      metadata: { description: METADATA_WORDS, allOf: [reference(modelName('V1ObjectMeta'))] },
    };
    return schema;
  }

  /** A built-in model as a component of its own, with all that it points to. */
  #model(schema: Schema): Fields {
    const name = modelName(schema.model!);
    if (this.components[name] !== undefined) return reference(name);
    const component: Fields = {
      ...(schema.description === undefined ? {} : { description: schema.description }),
      type: 'object',
    };
    this.components[name] = component;
    const required = schema.required ?? [];
    if (required.length > 0) component.required = required;
    const properties = Object.entries(schema.properties ?? {});
    if (properties.length > 0)
      component.properties = Object.fromEntries(properties.map(([key, inner]) => [key, this.#field(inner)]));
    if (schema['x-kubernetes-map-type'] !== undefined)
      component['x-kubernetes-map-type'] = schema['x-kubernetes-map-type'];
    return reference(name);
  }

  #field(schema: Schema): Fields {
    if (schema.model !== undefined) {
      // The field's own words are not in the client's models; those of its type say what it is.
      const words = schema.description === undefined ? {} : { description: schema.description };
      return { ...words, allOf: [this.#model(schema)] };
    }
    const { items, additionalProperties, ...rest } = schema;
    const result: Fields = { ...rest };
    if (schema['x-kubernetes-int-or-string'] === true) {
      delete result['x-kubernetes-int-or-string'];
      result.oneOf = [{ type: 'string' }, { type: schema.format === 'quantity' ? 'number' : 'integer' }];
    }
    if (schema.format === 'quantity') delete result.format;
    if (schema.format === 'date-time-micro') result.format = 'date-time';
    if (items !== undefined) result.items = items.model === undefined ? this.#field(items) : this.#model(items);
    if (typeof additionalProperties === 'object') {
      result.additionalProperties =
        additionalProperties.model === undefined
          ? this.#field(additionalProperties)
          : this.#model(additionalProperties);
    }
    return result;
  }
}

/** A definition's schema as it is published: int-or-string spelled out for clients that know only OpenAPI. */
function published(schema: Schema): Fields {
  const result = copy(schema) as unknown as Fields;
  spellOut(result);
  return result;
}

function spellOut(schema: unknown): void {
  if (!isFields(schema)) return;
  if (schema['x-kubernetes-int-or-string'] === true && schema.anyOf === undefined)
    schema.anyOf = [{ type: 'integer' }, { type: 'string' }];
  for (const inner of Object.values(isFields(schema.properties) ? schema.properties : {})) spellOut(inner);
  spellOut(schema.items);
  spellOut(schema.additionalProperties);
}

export function resourceKind(resource: Resource): Fields {
  return { group: resource.group, version: resource.version, kind: resource.kind };
}
