// Rights as RBAC knows them: what the chart's roles grant, and what a request to the API server needs.
import type { Rendered } from './chart.ts';

/** `list pods`, `patch inferencedeployments.inference-operator.dev/status`. */
export type Right = string;

export function grantedRights(roles: readonly Rendered[]): ReadonlySet<Right> {
  return new Set(
    roles.flatMap(({ rules }) =>
      rules.flatMap(({ apiGroups, resources, verbs }: Rendered) =>
        apiGroups.flatMap((group: string) =>
          resources.flatMap((resource: string) => verbs.map((verb: string) => right(verb, group, resource))),
        ),
      ),
    ),
  );
}

/** Null for discovery and other paths that need no rule. `createsToo`: an apply that made the object needs both. */
export function neededRights(method: string, url: string, isCreated: boolean): readonly Right[] {
  const { pathname, searchParams } = new URL(url, 'https://api');
  const match =
    /^\/(?:api\/v1|apis\/(?<group>[^/]+)\/[^/]+)(?:\/namespaces\/[^/]+)?\/(?<plural>[a-z]+)(?:\/(?<name>[^/]+))?(?:\/(?<part>\w+))?$/.exec(
      pathname,
    )?.groups;
  if (match === undefined) return [];
  const { group = '', plural = '', name, part } = match;
  const resource = part === undefined ? plural : `${plural}/${part}`;
  const isWatch = searchParams.get('watch') === 'true';
  const verbs: Readonly<Record<string, string>> = {
    GET: name !== undefined ? 'get' : isWatch ? 'watch' : 'list',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: name === undefined ? 'deletecollection' : 'delete',
  };
  const verb = verbs[method] ?? method;
  return [...new Set([verb, ...(isCreated ? ['create'] : [])])].map((one) => right(one, group, resource));
}

function right(verb: string, group: string, resource: string): Right {
  const [plural = '', part] = resource.split('/');
  return `${verb} ${plural}${group === '' ? '' : `.${group}`}${part === undefined ? '' : `/${part}`}`;
}
