// CORS (Fetch standard, 3.2) on behalf of the container: preflights are answered here, without an API key, which no browser sends with
// them, and every answer says which pages may read it. Pages send their key in `Authorization`; cookies are not allowed (no credentials).
import { isToken, tokenList } from '../../runtime/fields/list.ts';
import type { SidecarSettings } from '../contract.ts';
import type { IncomingRequest } from './http/request.ts';

export type CorsSettings = Pick<
  SidecarSettings,
  'corsAllowedOrigins' | 'corsAllowedHeaders' | 'corsExposedHeaders' | 'corsMaxAgeSeconds'
>;

/** Fields of ours that a page could not read otherwise. */
const OURS_EXPOSED = [
  'Location',
  'Preference-Applied',
  'Retry-After',
  'Server-Timing',
  'WWW-Authenticate',
  'X-Inference-Id',
  'X-Max-Body-Bytes',
  'X-Should-Retry',
] as const;

/** A browser asks whether a page of another origin may send the request that it has in mind. */
export function isPreflight({ method, headers }: IncomingRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

export class Cors {
  readonly #origins: ReadonlySet<string>;
  /** Empty: those that are asked for. */
  readonly #allowedHeaders: string;
  readonly #exposedHeaders: string;
  readonly #maxAge: string;

  constructor(settings: CorsSettings) {
    this.#origins = new Set(settings.corsAllowedOrigins);
    this.#allowedHeaders = settings.corsAllowedHeaders.join(', ');
    this.#exposedHeaders = [...OURS_EXPOSED, ...settings.corsExposedHeaders].join(', ');
    this.#maxAge = String(settings.corsMaxAgeSeconds);
  }

  /** The lines of an answer with ours in the place of those that the container may have written: a browser refuses two. */
  answerLines(request: IncomingRequest, given: readonly string[]): string[] {
    const lines = given.filter((_, i) => !given[i - (i % 2)]!.toLowerCase().startsWith('access-control-'));
    const allowed = this.#allowedOrigin(request);
    if (!this.#origins.has('*')) lines.push('Vary', 'Origin');
    if (allowed === undefined) return lines;
    lines.push('Access-Control-Allow-Origin', allowed);
    if (isPreflight(request)) this.#allow(request, lines);
    else lines.push('Access-Control-Expose-Headers', this.#exposedHeaders);
    return lines;
  }

  #allow({ headers }: IncomingRequest, lines: string[]): void {
    const method = tokenOf(headers['access-control-request-method']);
    const wanted = tokenList(headers['access-control-request-headers'] ?? '').join(', ');
    const allowedHeaders = this.#allowedHeaders === '' ? wanted : this.#allowedHeaders;
    if (method !== '') lines.push('Access-Control-Allow-Methods', method);
    if (allowedHeaders !== '') lines.push('Access-Control-Allow-Headers', allowedHeaders);
    lines.push('Access-Control-Max-Age', this.#maxAge);
    lines.push('Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers');
  }

  #allowedOrigin({ headers: { origin } }: IncomingRequest): string | undefined {
    if (this.#origins.has('*')) return '*';
    return origin !== undefined && this.#origins.has(origin) ? origin : undefined;
  }
}

/** Methods have a case. */
function tokenOf(method: string | undefined): string {
  return method !== undefined && isToken(method) ? method : '';
}
