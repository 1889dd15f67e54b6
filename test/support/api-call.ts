// Plain HTTPS calls to an API server from a kubeconfig, as a client without any library would make them; and its watches.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly warning: string | null;
  readonly text: string;
  readonly body: unknown;
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Record<string, string> }];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

export interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly token?: string;
}

/** One client a test file; close() leaves no socket behind. */
export class ApiCaller {
  readonly url: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(kubeconfigPath: string) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
    const cluster = config.clusters[0].cluster;
    this.url = cluster.server!;
    this.#token = config.users[0].user.token;
    const ca = Buffer.from(cluster['certificate-authority-data']!, 'base64').toString();
    this.#agent = new Agent({ connect: { ca }, connections: 32, bodyTimeout: 0, headersTimeout: 0 });
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const isJson = options.body !== undefined && typeof options.body !== 'string';
    const response = await request(`${this.url}${path}`, {
      method: method as 'GET',
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${options.token ?? this.#token}`,
        'user-agent': 'kubectl/v1.36',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...lowerCased(options.headers ?? {}),
      },
      body: options.body === undefined ? null : isJson ? JSON.stringify(options.body) : (options.body as string),
    });
    const text = await response.body.text();
    const contentType = String(response.headers['content-type'] ?? '');
    const isBodyJson = contentType.startsWith('application/json') || text.startsWith('{"');
    const lines = text.split('\n').filter((line) => line !== '');
    const body: unknown = !isBodyJson ? text : lines.length === 1 ? JSON.parse(text) : text;
    const warning = response.headers.warning;
    return {
      status: response.statusCode,
      contentType,
      warning: warning === undefined ? null : String(warning),
      text,
      body,
    };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
