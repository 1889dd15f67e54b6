// A program's settings as one table, read from flags and environment, all mistakes reported at once.
// The table is the contract: documentation, the operator's container env and the reader all iterate it.
// It does not read process.env by itself: main hands env and argv in.
import { closestWord } from './spelling.ts';

/** How a setting's text becomes a value. `parse` throws an Error whose message completes "NAME must ...". */
export interface Kind<T> {
  readonly expects: string;
  /** A wrong value is not shown: what looks like a host may be a password. */
  readonly mayHoldSecret?: boolean;
  parse(text: string): T;
}

export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The text used when neither flag nor environment gives one; `undefined`: the setting is required. */
  readonly fallback: string | undefined;
  readonly describe: string;
  /** Values of secret settings are never printed. */
  readonly isSecret: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the table mixes kinds; each row keeps its own type through SettingsOf.
export type SettingsTable = Readonly<Record<string, Setting<any>>>;
export type SettingsOf<T extends SettingsTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

export function setting<T>(kind: Kind<T>, fallback: string | undefined, describe: string): Setting<T> {
  return { kind, fallback, describe, isSecret: false };
}

export function secret<T>(kind: Kind<T>, fallback: string | undefined, describe: string): Setting<T> {
  return { kind, fallback, describe, isSecret: true };
}

/** Every mistake in one error; `problems` holds one sentence each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'a setting is' : `${problems.length} settings are`} wrong:\n  ${problems.join('\n  ')}`,
    );
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/** `requestTtlSeconds` under prefix `SIDECAR` is `SIDECAR_REQUEST_TTL_SECONDS`. */
export function environmentName(prefix: string, key: string): string {
  return `${prefix}_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `requestTtlSeconds` is `--request-ttl-seconds`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Reads a table. Flags (`--port 80`, `--port=80`) win over environment, environment over fallbacks.
 * Throws SettingsError with one sentence for each mistake: bad value, missing required value, unknown flag. Of an unknown variable
 * `foreignVariables` tells: the environment is not ours alone.
 */
export function readSettings<T extends SettingsTable>(
  prefix: string,
  table: T,
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): SettingsOf<T> {
  const { flags, misspelled, problems } = readFlags(Object.keys(table), argv);
  const values: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(table)) {
    const variable = environmentName(prefix, key);
    const fromFlag = flags.get(key);
    const text = fromFlag ?? (isServiceLink(variable, env[variable]) ? undefined : env[variable]) ?? row.fallback;
    const name = fromFlag === undefined ? variable : flagName(key);
    if (text === undefined) {
      if (!misspelled.has(key)) problems.push(`${flagName(key)} (or ${variable}) is required: ${row.describe}`);
      continue;
    }
    try {
      values[key] = row.kind.parse(text);
    } catch (error) {
      problems.push(`${name} must ${error instanceof Error ? error.message : String(error)}${shownOf(row, text)}`);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(values) as SettingsOf<T>;
}

function shownOf({ isSecret, kind }: Setting<unknown>, text: string): string {
  return isSecret || kind.mayHoldSecret ? '' : `, not ${JSON.stringify(text)}`;
}

/**
 * Variables that begin with our prefix and set nothing, a sentence each: misspelt ones, and those of others, such as
 * OPERATOR_CONDITION_NAME of the Operator Lifecycle Manager or the variables that Kubernetes makes for a Service of our name.
 */
export function foreignVariables(
  prefix: string,
  table: SettingsTable,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = new Map(Object.keys(table).map((key) => [environmentName(prefix, key).slice(prefix.length + 1), key]));
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith(`${prefix}_`)) return [];
    if (isServiceLink(variable, env[variable])) return [`${variable} is the address of a Service, not a setting`];
    const word = variable.slice(prefix.length + 1);
    if (known.has(word)) return [];
    const meant = closestWord(word, known.keys());
    return [`${variable} is not a setting${meant === undefined ? '' : `: did you mean ${prefix}_${meant}?`}`];
  });
}

/** `SIDECAR_PORT=tcp://10.0.0.7:80`, which every container of a namespace has where a Service is called `sidecar`. */
function isServiceLink(variable: string, value = ''): boolean {
  return variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\/[^/]+:\d+$/.test(value);
}

interface GivenFlags {
  /** Text by key of the table. */
  readonly flags: ReadonlyMap<string, string>;
  /** Keys that an unknown flag was probably meant for. */
  readonly misspelled: ReadonlySet<string>;
  readonly problems: string[];
}

function readFlags(keys: readonly string[], argv: readonly string[]): GivenFlags {
  const keyOf = new Map(keys.map((key) => [flagName(key), key]));
  const flags = new Map<string, string>();
  const misspelled = new Set<string>();
  const problems: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument : argument.slice(0, equals);
    const isFlag = name.startsWith('--');
    const hasValueNext = equals < 0 && argv[i + 1]?.startsWith('--') === false;
    const key = keyOf.get(name);
    if (key === undefined) {
      const meant = closestWord(name, keyOf.keys());
      if (meant !== undefined) misspelled.add(keyOf.get(meant)!);
      problems.push(`${name} is not a flag: ${suggestion(meant)}`);
      // Its value would be a second mistake in the eyes of whoever reads this.
      if (isFlag && hasValueNext) i++;
    } else if (equals >= 0) flags.set(key, argument.slice(equals + 1));
    else if (argv[i + 1] === undefined) problems.push(`${name} needs a value`);
    else flags.set(key, argv[++i]!);
  }
  return { flags, misspelled, problems };
}

const suggestion = (meant: string | undefined): string =>
  meant === undefined ? '--help lists them all' : `did you mean ${meant}?`;

/** Settings as a plain object fit for a log line: secrets and passwords in URLs are masked. */
export function redactSettings(
  table: SettingsTable,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(table)) {
    const value = values[key];
    shown[key] = row.isSecret && value !== '' ? '***' : typeof value === 'string' ? printableUrl(value) : value;
  }
  return shown;
}

/** A URL without what may be secret: everything up to its last @, and its query. Text that is no URL stays as it is. */
export function printableUrl(text: string): string {
  const [, scheme, rest = ''] = /^([a-z][a-z+.-]*:\/\/)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) return text;
  const at = rest.lastIndexOf('@');
  const optionsAt = rest.search(/[?#]/);
  if (optionsAt >= 0 && at > optionsAt) return `${scheme}***`;
  const shown = rest.slice(at + 1).replace(/[?#].*$/s, '?***');
  return `${scheme}${at < 0 ? '' : '***@'}${shown}`;
}

/**
 * The text of `--help`: what the program is, then each flag with its meaning, what it expects, its default and its variable.
 * `usage` is the shortest useful call.
 */
export function helpText(about: string, usage: string, prefix: string, table: SettingsTable): string {
  const flags = Object.entries(table).map(([key, row]) => {
    const fallback =
      row.fallback === undefined ? 'required' : `default: ${row.fallback === '' ? 'empty' : row.fallback}`;
    const facts = `${row.kind.expects}; ${fallback}; ${environmentName(prefix, key)}`;
    return `  ${flagName(key)}\n      ${row.describe}\n      (${facts})\n`;
  });
  return `${about}\n\nUsage: ${usage}\n\nFlags, each with the environment variable that may be set instead:\n${flags.join('')}  --help, --version\n`;
}
