// Schemas of the built-in kinds, read lazily from the model files of @kubernetes/client-node (generated from the OpenAPI of the
// same Kubernetes release as the pinned kubectl): field names, types, required marks and descriptions come from there.
// What those files do not say (list keys, atomic maps, quantities) is in merge-keys.ts.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATOMIC_MAPS, ATOMIC_MODELS, LIST_KEYS, LIST_SETS, QUANTITIES } from './merge-keys.ts';
import type { Schema } from './schema.ts';

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

interface Declaration {
  readonly isRequired: boolean;
  readonly description: string | undefined;
}

const ANY: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

/** Loads models on first use and keeps them: one instance serves one API server. */
export class BuiltinSchemas {
  readonly #folder = join(dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node'))), 'gen', 'models');
  readonly #loaded = new Map<string, Schema>();

  /** The schema of a model such as `V1Deployment`. Its fields are read when first asked for, so recursive models are no trouble. */
  model(name: string): Schema {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known;
    const text = readFileSync(join(this.#folder, `${name}.d.ts`), 'utf8');
    const load = () => this.#properties(name);
    const declarations = declarationsIn(text);
    let properties: Record<string, Schema> | undefined;
    let required: string[] | undefined;
    const requiredFields = () =>
      this.#attributes(name)
        .filter((one) => declarations.get(one.name)?.isRequired)
        .map((one) => one.baseName);
    const schema: Schema = {
      type: 'object',
      model: name,
      description: /\/\*\*\n\* ([^\n]*)\n\*\/\nexport declare class/.exec(text)?.[1],
      ...(ATOMIC_MODELS.has(name) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      get properties() {
        properties ??= load();
        return properties;
      },
      get required() {
        required ??= requiredFields();
        return required;
      },
    };
    this.#loaded.set(name, schema);
    return schema;
  }

  #attributes(name: string): Attribute[] {
    const text = readFileSync(join(this.#folder, `${name}.js`), 'utf8');
    const start = text.indexOf('attributeTypeMap = [');
    const end = text.indexOf('\n];', start);
    return JSON.parse(text.slice(start + 'attributeTypeMap = '.length, end + 2)) as Attribute[];
  }

  #properties(name: string): Record<string, Schema> {
    const declarations = declarationsIn(readFileSync(join(this.#folder, `${name}.d.ts`), 'utf8'));
    const result: Record<string, Schema> = {};
    for (const attribute of this.#attributes(name)) {
      const schema = this.#typed(attribute.type, attribute.format, `${name}.${attribute.baseName}`);
      const description = declarations.get(attribute.name)?.description;
      // A property of an object type stays the model itself, so that OpenAPI documents can point to it.
      result[attribute.baseName] =
        description === undefined || schema.model !== undefined ? schema : { ...schema, description };
    }
    return result;
  }

  #typed(type: string, format: string, field: string): Schema {
    const list = /^Array<(.*)>$/.exec(type);
    if (list !== null)
      return { type: 'array', items: this.#typed(list[1]!, format, `${field}[]`), ...listRules(field) };
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
    if (map !== null) {
      const atomic = ATOMIC_MAPS.has(field) ? { 'x-kubernetes-map-type': 'atomic' } : {};
      return { type: 'object', additionalProperties: this.#typed(map[1]!, format, `${field}{}`), ...atomic };
    }
    if (QUANTITIES.has(field)) return { 'x-kubernetes-int-or-string': true, format: 'quantity' };
    if (field === 'V1ManagedFieldsEntry.fieldsV1') return { ...ANY, type: 'object' };
    switch (type) {
      case 'string':
        return format === '' ? { type } : { type, format };
      case 'number':
        return { type: format.startsWith('int') ? 'integer' : 'number', ...(format === '' ? {} : { format }) };
      case 'boolean':
        return { type };
      case 'Date':
        return { type: 'string', format: 'date-time' };
      case 'V1MicroTime':
        return { type: 'string', format: 'date-time-micro' };
      case 'IntOrString':
        return { 'x-kubernetes-int-or-string': true, format: 'int-or-string' };
      case 'any':
        return ANY;
      case 'object':
        return { ...ANY, type: 'object' };
      default:
        return this.model(type);
    }
  }
}

function listRules(field: string): Schema {
  const keys = LIST_KEYS[field] ?? (field.endsWith('.conditions') ? ['type'] : undefined);
  if (keys !== undefined) return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
  return { 'x-kubernetes-list-type': LIST_SETS.has(field) ? 'set' : 'atomic' };
}

function declarationsIn(text: string): Map<string, Declaration> {
  const result = new Map<string, Declaration>();
  const pattern = /(?: {4}\/\*\*\n {4}\* ([^\n]*)\n {4}\*\/\n)? {4}'([^']+)'(\??):/g;
  for (const [, description, name, mark] of text.matchAll(pattern)) {
    result.set(name!, { isRequired: mark !== '?', description });
  }
  return result;
}
