// Label and field selectors of list, watch and deletecollection: parsed once into a predicate, refused in the real server's words.
import type { KubeObject } from './objects.ts';
import type { Resource } from './resource.ts';
import { badRequest } from './status-error.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const TOKEN = /\s*(==|!=|=|!|\(|\)|,|>|<|[^\s=!(),<>]+)/y;
const EXPECTED_KEY = "!, identifier, or 'end of string'";

function tokens(text: string): string[] {
  const result: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) result.push(match[1]!);
  return result;
}

function isWord(token: string | undefined): token is string {
  return token !== undefined && !/^(==|!=|=|!|\(|\)|,|>|<)$/.test(token);
}

class SelectorParser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  parse(): Requirement[] {
    const result: Requirement[] = [];
    while (this.#at < this.#tokens.length) {
      result.push(this.#requirement());
      if (this.#at >= this.#tokens.length) break;
      this.#expect(',', "',' or 'end of string'");
    }
    return result;
  }

  #next(): string | undefined {
    return this.#tokens[this.#at++];
  }

  #expect(token: string, expected: string): void {
    const found = this.#next();
    if (found !== token) throw badRequest(`found '${found ?? ''}', expected: ${expected}`);
  }

  #word(expected: string): string {
    const found = this.#next();
    if (!isWord(found)) throw badRequest(`found '${found ?? ''}', expected: ${expected}`);
    return found;
  }

  #requirement(): Requirement {
    if (this.#tokens[this.#at] === '!') {
      this.#at += 1;
      const key = this.#word('identifier');
      return (labels) => labels[key] === undefined;
    }
    const key = this.#word(EXPECTED_KEY);
    const operator = this.#tokens[this.#at];
    if (operator === undefined || operator === ',') return (labels) => labels[key] !== undefined;
    this.#at += 1;
    return this.#operation(key, operator);
  }

  #operation(key: string, operator: string): Requirement {
    if (operator === '=' || operator === '==') {
      const value = this.#value();
      return (labels) => labels[key] === value;
    }
    if (operator === '!=') {
      const value = this.#value();
      return (labels) => labels[key] !== value;
    }
    if (operator === 'in' || operator === 'notin') {
      const values = this.#values();
      if (operator === 'in') return (labels) => labels[key] !== undefined && values.has(labels[key]);
      return (labels) => labels[key] === undefined || !values.has(labels[key]);
    }
    if (operator === '>' || operator === '<') {
      const bound = Number(this.#word('integer'));
      const sign = operator === '>' ? 1 : -1;
      return (labels) => labels[key] !== undefined && sign * (Number(labels[key]) - bound) > 0;
    }
    throw badRequest(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #value(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || token === ',') return '';
    return this.#word('identifier');
  }

  #values(): Set<string> {
    this.#expect('(', "'('");
    const values = new Set<string>();
    for (let token = this.#next(); token !== ')'; token = this.#next()) {
      if (token === undefined) throw badRequest("found '', expected: ',' or ')'");
      if (token !== ',') values.add(token);
    }
    return values;
  }
}

export type LabelSelector = (labels: Labels) => boolean;

export function parseLabelSelector(text: string): LabelSelector {
  const requirements = new SelectorParser(text).parse();
  return (labels) => requirements.every((requirement) => requirement(labels));
}

export type ObjectSelector = (object: KubeObject) => boolean;

function parseFieldSelector(resource: Resource, text: string): ObjectSelector {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^([^=!]+)(==|!=|=)(.*)$/.exec(term);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, path, operator, value] = match as unknown as [string, string, string, string];
      return { read: fieldReader(resource, path), isEqual: operator !== '!=', value };
    });
  return (object) => terms.every(({ read, isEqual, value }) => (read(object) === value) === isEqual);
}

function fieldReader(resource: Resource, path: string): (object: KubeObject) => string {
  if (path === 'metadata.name') return (object) => object.metadata.name ?? '';
  if (path === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  const found = resource.rules.selectableFields?.find((field) => field.path === path);
  if (found === undefined) throw badRequest(`field label not supported: ${path}`);
  return found.read;
}

/** Both selectors of a request as one predicate; undefined where nothing is selected. */
export function selectorOf(resource: Resource, query: URLSearchParams): ObjectSelector | undefined {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  if (labelText === '' && fieldText === '') return undefined;
  const byLabels = parseLabelSelector(labelText);
  const byFields = parseFieldSelector(resource, fieldText);
  return (object) => byLabels(object.metadata.labels ?? {}) && byFields(object);
}
