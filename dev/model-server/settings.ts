// The model server's settings: one table gives the flags, the environment, the defaults and the text of --help.
// Read once by main.ts; tests pass the same names as an object. Nothing else of the server reads the environment.
import { parseArgs } from 'node:util';

export interface ModelServerSettings {
  readonly host: string;
  readonly port: number;
  readonly model: string;
  readonly tokenMs: number;
  readonly firstTokenMs: number;
  readonly batching: boolean;
  readonly speed: number;
  readonly loadSeconds: number;
  readonly whileLoading: 'answer' | 'refuse';
  readonly health: string;
  readonly healthPath: string;
  readonly keepAliveMs: number;
  readonly cog: boolean;
  readonly ignoreSigterm: boolean;
  readonly quiet: boolean;
  readonly lenient: boolean;
}

interface Row {
  readonly env: string;
  readonly default: string | number | boolean;
  readonly help: string;
  readonly oneOf?: readonly string[];
}

const table: { readonly [K in keyof ModelServerSettings]: Row & { readonly default: ModelServerSettings[K] } } = {
  host: { env: 'HOST', default: '127.0.0.1', help: 'address to listen on' },
  port: { env: 'PORT', default: 8000, help: 'port to listen on; 0 takes a free one' },
  model: { env: 'MODEL', default: 'echo', help: 'name that /v1/models lists; requests may name any model' },
  tokenMs: { env: 'TOKEN_MS', default: 5, help: 'time for one token' },
  firstTokenMs: { env: 'FIRST_TOKEN_MS', default: 0, help: 'extra time before the first token' },
  batching: {
    env: 'BATCHING',
    default: false,
    help: 'time for a token follows the batching table (100 tokens: 1776 ms alone ... 4942 ms with 32 at once)',
  },
  speed: { env: 'SPEED', default: 1, help: 'divide all token times by this' },
  loadSeconds: { env: 'LOAD_SECONDS', default: 0, help: 'time to "load the model" after start' },
  whileLoading: {
    env: 'WHILE_LOADING',
    default: 'answer',
    oneOf: ['answer', 'refuse'],
    help: 'answer: 503 {"status":"loading"}; refuse: do not listen yet, as vLLM does',
  },
  health: {
    env: 'HEALTH',
    default: 'ok',
    help: 'a status word (ok, busy, unhealthy, ...), a code such as 500, or plain, empty, no-status, broken-json, hang',
  },
  healthPath: { env: 'HEALTH_PATH', default: '/health', help: 'where health is answered' },
  keepAliveMs: { env: 'KEEP_ALIVE_MS', default: 5000, help: 'idle connections are closed after this, as uvicorn does' },
  cog: { env: 'COG', default: false, help: 'answer "Prefer: respond-async" with 202 "starting", as Cog containers do' },
  ignoreSigterm: { env: 'IGNORE_SIGTERM', default: false, help: 'go on serving after SIGTERM until SIGKILL' },
  quiet: { env: 'QUIET', default: false, help: 'no line per request' },
  lenient: { env: 'LENIENT', default: false, help: 'ignore unknown flags (to stand in for a server that has others)' },
};

const names = Object.keys(table) as (keyof ModelServerSettings)[];
const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export function defaultSettings(): ModelServerSettings {
  return Object.fromEntries(names.map((name) => [name, table[name].default])) as unknown as ModelServerSettings;
}

/** All mistakes at once, so that a person corrects a manifest in one round. */
export function readSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ModelServerSettings | { readonly mistakes: readonly string[] } {
  const options = Object.fromEntries(
    names.map((name) => [
      flagOf(name),
      { type: typeof table[name].default === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { values, tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const lenient = values.lenient === true || env.LENIENT === 'true';
  const mistakes = tokens.flatMap((token) => {
    if (token.kind === 'option' && !(token.name in options)) return [`unknown flag ${token.rawName}`];
    return token.kind === 'positional' ? [`unexpected argument "${token.value}"`] : [];
  });
  const problems: string[] = lenient ? [] : [...mistakes];
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const given = values[flagOf(name)] ?? env[table[name].env];
    settings[name] = given === undefined ? table[name].default : convert(name, given, problems);
  }
  return problems.length > 0 ? { mistakes: problems } : (settings as unknown as ModelServerSettings);
}

function convert(name: keyof ModelServerSettings, given: string | boolean | undefined, problems: string[]): unknown {
  const row: Row = table[name];
  const place = `--${flagOf(name)} (${row.env})`;
  if (typeof row.default === 'boolean') {
    if (given === true || given === 'true' || given === '1') return true;
    if (given === false || given === 'false' || given === '0' || given === '') return false;
    problems.push(`${place}: "${given}" is not true or false`);
    return row.default;
  }
  if (typeof given !== 'string') {
    problems.push(`${place} needs a value`);
    return row.default;
  }
  if (row.oneOf && !row.oneOf.includes(given)) problems.push(`${place}: "${given}" is none of ${row.oneOf.join(', ')}`);
  if (typeof row.default === 'string') return given;
  const number = Number(given);
  if (given.trim() === '' || !Number.isFinite(number) || number < 0 || (name === 'speed' && number === 0)) {
    problems.push(`${place}: "${given}" is not a ${name === 'speed' ? 'positive ' : ''}number`);
  }
  return number;
}

export function helpText(): string {
  const rows = names.map((name) => {
    const row: Row = table[name];
    const left = `--${flagOf(name)}${typeof row.default === 'boolean' ? '' : ` <${row.default}>`}`;
    return `  ${left.padEnd(28)} ${row.env.padEnd(15)} ${row.help}`;
  });
  return `A sample model server: the OpenAI API with streaming, and every behaviour, good or bad, of a real one.

Usage: npm run model-server -- [flags]

  flag <default>               environment     meaning
${rows.join('\n')}
`;
}
