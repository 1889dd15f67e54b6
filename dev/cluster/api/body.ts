// Request bodies to objects: JSON or YAML, duplicate keys noticed, and the refusals that come before any kind is known.
import { parse as parseYaml } from 'yaml';
import { type Fields, isFields } from './objects.ts';
import { badRequest } from './status-error.ts';

export interface ParsedBody {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** Node says where JSON is broken; this says it as Go's decoder does, because that is what people see and search for. */
function goJsonFault(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  const found = text[position];
  if (found === undefined) return 'unexpected end of JSON input';
  const where = message.startsWith('Expected property name')
    ? 'looking for beginning of object key string'
    : message.startsWith("Expected ',' or '}'")
      ? 'after object key:value pair'
      : message.startsWith("Expected ',' or ']'")
        ? 'after array element'
        : message.startsWith("Expected ':'")
          ? 'after object key'
          : 'looking for beginning of value';
  return `invalid character '${found}' ${where}`;
}

/** Paths of keys that stand twice in one object; JSON.parse would keep the last in silence. */
function duplicateKeys(text: string): string[] {
  const found: string[] = [];
  const stack: { keys: Set<string> | undefined; path: string; index: number }[] = [];
  let path = '';
  const open = (isObject: boolean): void => {
    const top = stack.at(-1);
    const here = top !== undefined && top.keys === undefined ? `${top.path}[${top.index}]` : path;
    stack.push({ keys: isObject ? new Set() : undefined, path: here, index: 0 });
  };
  for (const [word, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\],]/g)) {
    const top = stack.at(-1);
    if (word === '{' || word === '[') open(word === '{');
    else if (word === '}' || word === ']') stack.pop();
    else if (word === ',' && top !== undefined && top.keys === undefined) top.index += 1;
    else if (colon !== undefined && top?.keys !== undefined) {
      const key = JSON.parse(word.slice(0, word.length - colon.length)) as string;
      path = top.path === '' ? key : `${top.path}.${key}`;
      if (top.keys.has(key)) found.push(path);
      top.keys.add(key);
    }
  }
  return found;
}

export function parseJson(text: string, kind: string): ParsedBody {
  try {
    return { value: JSON.parse(text), duplicates: duplicateKeys(text) };
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${goJsonFault(text, error)} (${text.slice(0, 64)})`,
    );
  }
}

/** Apply patches are YAML, of which JSON is a part; JSON is parsed as such because that is much faster. */
export function parseApplyBody(text: string): Fields {
  let value: unknown;
  try {
    value = text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isFields(value)) throw badRequest('error decoding YAML: the body must be an object');
  return value;
}
