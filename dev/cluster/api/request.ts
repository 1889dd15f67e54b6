// A request as the verbs see it: which resource, which object, which options. Pure: parsing a path needs no state, so what is
// served under it is decided by the router.

export interface ApiPath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Splits `/api/v1/...` and `/apis/<group>/<version>/...`; undefined for anything else, and for bare groups and versions. */
export function parseApiPath(pathname: string): ApiPath | undefined {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const root = parts.shift();
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : parts.shift();
  const version = parts.shift();
  if (group === undefined || version === undefined || parts.length === 0) return undefined;
  let namespace: string | undefined;
  // /namespaces/<name> and its own subresources are the namespace object itself.
  if (parts[0] === 'namespaces' && parts.length > 2 && !/^(status|finalize)$/.test(parts[2]!)) {
    namespace = parts[1];
    parts.splice(0, 2);
  }
  const [plural, name, ...rest] = parts;
  return {
    group,
    version,
    namespace,
    plural: plural!,
    name,
    subresource: rest.length === 0 ? undefined : rest.join('/'),
  };
}

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface ApiRequest {
  readonly method: string;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly contentType: string;
  readonly body: string;
  readonly user: User;
}

export interface ApiResponse {
  readonly code: number;
  readonly body: unknown;
  readonly contentType?: string;
  readonly warnings?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The manager a write is booked on: what the client says, else the first word of its user agent. */
export function fieldManager(request: ApiRequest): string {
  const named = request.query.get('fieldManager');
  if (named !== null && named !== '') return named;
  return (request.headers['user-agent'] ?? 'unknown').split('/')[0]!.slice(0, 128);
}

export function isDryRun(request: ApiRequest): boolean {
  return request.query.getAll('dryRun').includes('All');
}
