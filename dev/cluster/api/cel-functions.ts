// The functions that Kubernetes adds to CEL and that people use in definitions: lists, strings, regular expressions, URLs, quantities.
// What is not here makes a rule fail to compile, so a definition is refused rather than half checked.
import type { Environment } from '@marcbachmann/cel-js';
import { parseQuantity } from '../../../operator/api/quantity.ts';

function compare(left: unknown, right: unknown): number {
  return (left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0;
}

const LIST_FUNCTIONS: Readonly<Record<string, (list: unknown[]) => unknown>> = {
  'list.isSorted(): bool': (list) => list.every((item, index) => index === 0 || compare(list[index - 1], item) <= 0),
  'list.sum(): dyn': (list) =>
    list.reduce((sum, item) => (typeof item === 'bigint' ? (sum as bigint) + item : Number(sum) + Number(item)), 0n),
  'list.min(): dyn': (list) => extreme(list, -1),
  'list.max(): dyn': (list) => extreme(list, 1),
};

function extreme(list: readonly unknown[], sign: 1 | -1): unknown {
  if (list.length === 0) throw new Error(`${sign > 0 ? 'max' : 'min'} called on empty list`);
  return list.reduce((best, item) => (sign * compare(item, best) > 0 ? item : best));
}

const BILLION = 1_000_000_000n;

class CelQuantity {
  /** Billionths, the smallest amount there is. */
  readonly value: bigint;

  constructor(text: string) {
    const parsed = parseQuantity(text);
    if (parsed === undefined) throw new Error(`quantities must match the regular expression: ${text}`);
    this.value = parsed.mantissa * 10n ** BigInt(Math.min(parsed.exponent, 1000) + 9);
  }
}

function registerQuantity(env: Environment): void {
  env.registerType('Quantity', { ctor: CelQuantity, fields: {} });
  env.registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined);
  env.registerFunction('quantity(string): Quantity', (text: string) => new CelQuantity(text));
  env.registerFunction(
    'Quantity.isGreaterThan(Quantity): bool',
    (left: CelQuantity, right: CelQuantity) => left.value > right.value,
  );
  env.registerFunction(
    'Quantity.isLessThan(Quantity): bool',
    (left: CelQuantity, right: CelQuantity) => left.value < right.value,
  );
  env.registerFunction('Quantity.compareTo(Quantity): int', (left: CelQuantity, right: CelQuantity) =>
    BigInt(compare(left.value, right.value)),
  );
  env.registerFunction('sign(Quantity): int', (one: CelQuantity) => BigInt(compare(one.value, 0n)));
  env.registerFunction('Quantity.asInteger(): int', (one: CelQuantity) => one.value / BILLION);
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

class CelUrl {
  readonly url: URL;

  constructor(text: string) {
    const url = parsedUrl(text);
    if (url === undefined) throw new Error(`URL parse error during conversion from string: ${text}`);
    this.url = url;
  }
}

function registerUrl(env: Environment): void {
  env.registerType('KubernetesURL', { ctor: CelUrl, fields: {} });
  env.registerFunction('isURL(string): bool', (text: string) => parsedUrl(text) !== undefined);
  env.registerFunction('url(string): KubernetesURL', (text: string) => new CelUrl(text));
  env.registerFunction('KubernetesURL.getScheme(): string', ({ url }: CelUrl) => url.protocol.slice(0, -1));
  env.registerFunction('KubernetesURL.getHost(): string', ({ url }: CelUrl) => url.host);
  env.registerFunction('KubernetesURL.getHostname(): string', ({ url }: CelUrl) => url.hostname);
  env.registerFunction('KubernetesURL.getPort(): string', ({ url }: CelUrl) => url.port);
  env.registerFunction('KubernetesURL.getEscapedPath(): string', ({ url }: CelUrl) => url.pathname);
}

export function registerKubernetesFunctions(env: Environment): void {
  for (const [signature, handler] of Object.entries(LIST_FUNCTIONS)) env.registerFunction(signature, handler);
  env.registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '',
  );
  env.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
    [...text.matchAll(new RegExp(pattern, 'gu'))].map((match) => match[0]),
  );
  registerQuantity(env);
  registerUrl(env);
}
