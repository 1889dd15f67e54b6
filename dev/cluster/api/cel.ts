// CEL rules of a definition: compiled once, evaluated with `self` and `oldSelf` at their place in the object. Values get the types
// that their schema says (an integer is an int, never a double), as on the real server.
import { Environment } from '@marcbachmann/cel-js';
import { registerKubernetesFunctions } from './cel-functions.ts';
import { type Fields, isFields } from './objects.ts';
import type { Schema, ValidationRule } from './schema.ts';
import type { FieldError } from './status-error.ts';

type Program = (context: Record<string, unknown>) => unknown;

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly evaluate: Program;
  readonly message: Program | undefined;
  readonly isTransition: boolean;
}

/** A schema's rules and where in the object they lie; undefined where there are none in the whole branch. */
interface RuleTree {
  readonly schema: Schema;
  readonly rules: readonly CompiledRule[];
  readonly fields: ReadonlyMap<string, RuleTree>;
  readonly entries: RuleTree | undefined;
  readonly items: RuleTree | undefined;
}

export interface CelFault {
  readonly path: string;
  readonly rule: string;
  readonly why: string;
}

function environment(): Environment {
  const env = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  });
  env.registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
  registerKubernetesFunctions(env);
  return env;
}

export class CelRules {
  readonly #tree: RuleTree | undefined;
  /** Rules that do not compile; the definition is refused for them. */
  readonly faults: readonly CelFault[];

  constructor(schema: Schema) {
    const faults: CelFault[] = [];
    this.#tree = compile(schema, environment(), 'openAPIV3Schema', faults);
    this.faults = faults;
  }

  get isEmpty(): boolean {
    return this.#tree === undefined;
  }

  validate(object: unknown, old: unknown): FieldError[] {
    const errors: FieldError[] = [];
    if (this.#tree !== undefined) new Evaluation(errors).walk(this.#tree, object, old, '');
    return errors;
  }
}

function compile(schema: Schema, env: Environment, path: string, faults: CelFault[]): RuleTree | undefined {
  const rules: CompiledRule[] = [];
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const evaluate = program(env, rule.rule, `${at}.rule`, faults);
    const message =
      rule.messageExpression === undefined
        ? undefined
        : program(env, rule.messageExpression, `${at}.messageExpression`, faults);
    if (evaluate !== undefined) rules.push({ rule, evaluate, message, isTransition: /\boldSelf\b/.test(rule.rule) });
  }
  const fields = new Map<string, RuleTree>();
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    const found = compile(inner, env, `${path}.properties[${key}]`, faults);
    if (found !== undefined) fields.set(key, found);
  }
  const items = schema.items === undefined ? undefined : compile(schema.items, env, `${path}.items`, faults);
  const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const entries =
    additional === undefined ? undefined : compile(additional, env, `${path}.additionalProperties`, faults);
  const isEmpty = rules.length === 0 && fields.size === 0 && items === undefined && entries === undefined;
  return isEmpty ? undefined : { schema, rules, fields, entries, items };
}

function program(env: Environment, expression: string, path: string, faults: CelFault[]): Program | undefined {
  try {
    const parsed = env.parse(expression);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error ?? new Error('does not type check');
    return (context) => parsed(context);
  } catch (error) {
    faults.push({
      path,
      rule: expression,
      why: error instanceof Error ? error.message.split('\n')[0]! : String(error),
    });
    return undefined;
  }
}

/** One validation of one object. Objects are converted to CEL values once, however many rules look at them. */
class Evaluation {
  readonly #errors: FieldError[];
  readonly #converted = new Map<object, unknown>();

  constructor(errors: FieldError[]) {
    this.#errors = errors;
  }

  walk(tree: RuleTree, value: unknown, old: unknown, path: string): void {
    if (value === undefined || value === null) return;
    for (const rule of tree.rules) this.#check(rule, tree.schema, value, old, path);
    if (isFields(value)) this.#walkFields(tree, value, isFields(old) ? old : {}, path);
    if (!Array.isArray(value) || tree.items === undefined) return;
    for (const [index, item] of value.entries()) {
      this.walk(tree.items, item, correlated(tree.schema, item, old), `${path}[${index}]`);
    }
  }

  #walkFields(tree: RuleTree, value: Fields, before: Fields, path: string): void {
    for (const [key, inner] of Object.entries(value)) {
      const next = tree.fields.get(key) ?? (tree.schema.properties?.[key] === undefined ? tree.entries : undefined);
      const at = !tree.fields.has(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      if (next !== undefined) this.walk(next, inner, before[key], at);
    }
  }

  #check(compiled: CompiledRule, schema: Schema, value: unknown, old: unknown, path: string): void {
    const { rule, isTransition } = compiled;
    if (isTransition && old === undefined && rule.optionalOldSelf !== true) return;
    const field = path === '' ? '<nil>' : path;
    const context = { self: this.#typed(value, schema), oldSelf: old === undefined ? null : this.#typed(old, schema) };
    let isValid: unknown;
    try {
      isValid = compiled.evaluate(context);
    } catch (error) {
      // The library writes a picture of the expression below the first line; the real server only says what went wrong.
      const why = missingKeyWords(error);
      const shown = rule.message ?? `failed rule: ${rule.rule}`;
      const message = `Invalid value: "${schema.type ?? 'object'}": ${why} evaluating rule: ${shown}`;
      this.#errors.push({ reason: 'FieldValueInvalid', field, message });
      return;
    }
    if (isValid === true) return;
    const at = rule.fieldPath === undefined ? field : `${path}${rule.fieldPath}`.replace(/^\./, '');
    this.#errors.push(faultOf(rule, at, value, messageOf(compiled, context)));
  }

  /** JSON as CEL values: what the schema calls an integer is an int, everything else of unknown shape goes by its look. */
  #typed(value: unknown, schema: Schema | undefined): unknown {
    if (typeof value !== 'object' || value === null) return scalar(value, schema);
    const known = this.#converted.get(value);
    if (known !== undefined) return known;
    const result = Array.isArray(value)
      ? value.map((item) => this.#typed(item, schema?.items))
      : this.#typedFields(value as Fields, schema);
    this.#converted.set(value, result);
    return result;
  }

  #typedFields(value: Fields, schema: Schema | undefined): Fields {
    const result: Fields = {};
    const additional = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    for (const [key, inner] of Object.entries(value)) {
      const declared = schema?.properties?.[key];
      result[declared === undefined ? key : escaped(key)] = this.#typed(inner, declared ?? additional);
    }
    return result;
  }
}

/** Only entries of keyed lists have an earlier self; elsewhere transition rules do not run. */
function correlated(schema: Schema, item: unknown, old: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys === undefined || !Array.isArray(old) || !isFields(item)) return undefined;
  return old.find((one) => isFields(one) && keys.every((key) => one[key] === item[key]));
}

function missingKeyWords(error: unknown): string {
  const text = error instanceof Error ? error.message.split('\n')[0]! : String(error);
  const key = /^No such key:? (.*)$/i.exec(text)?.[1];
  return key === undefined ? text : `no such key: ${key}`;
}

function messageOf({ rule, message }: CompiledRule, context: Record<string, unknown>): string {
  if (message !== undefined) {
    try {
      const text = message(context);
      if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text.trim();
    } catch {
      // A message that cannot be made falls back to the fixed one, as on the real server.
    }
  }
  return rule.message ?? `failed rule: ${rule.rule.trim()}`;
}

function faultOf(rule: ValidationRule, field: string, value: unknown, detail: string): FieldError {
  switch (rule.reason) {
    case 'FieldValueRequired':
      return { reason: 'FieldValueRequired', field, message: `Required value: ${detail}` };
    case 'FieldValueForbidden':
      return { reason: 'FieldValueForbidden', field, message: `Forbidden: ${detail}` };
    case 'FieldValueDuplicate':
      return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${JSON.stringify(value)}` };
    default: {
      // Objects and lists are not printed.
      const shown = typeof value === 'object' ? '' : `${JSON.stringify(value)}: `;
      return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}${detail}` };
    }
  }
}

function scalar(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value !== 'number') return temporal(value, schema);
  if (schema?.type === 'number') return value;
  return Number.isInteger(value) ? BigInt(value) : value;
}

function temporal(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value === 'string' && (schema?.format === 'date-time' || schema?.format === 'date'))
    return new Date(value);
  return value;
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** Field names that are no CEL identifiers are written differently in rules, e.g. `my-field` as `my__dash__field`. */
function escaped(key: string): string {
  if (/^[A-Za-z][A-Za-z0-9]*$/.test(key) && !RESERVED.has(key)) return key;
  if (RESERVED.has(key)) return `__${key}__`;
  return key
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}
