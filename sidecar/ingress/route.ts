// Where a request target leads: status, result, or the container. Pure, and without URL parsing: the container gets the
// bytes of the path and query as the client sent them.
import { reservedPaths } from '../contract.ts';

export type Route =
  | { readonly kind: 'status' }
  | { readonly kind: 'result' }
  /** `prefix` is the public form's `/<name>`; empty in the in-cluster form. */
  | { readonly kind: 'container'; readonly target: string; readonly prefix: string };

/** Takes a target in origin form. */
export type Router = (target: string) => Route;

export function createRouter(name: string): Router {
  const statusPath = `${reservedPaths.status}/${name}`;
  const resultPath = `${reservedPaths.result}/${name}`;
  const prefix = `/${name}`;
  return (target) => {
    if (isPath(target, statusPath)) return { kind: 'status' };
    if (isPath(target, resultPath)) return { kind: 'result' };
    if (!target.startsWith(prefix)) return { kind: 'container', target, prefix: '' };
    const rest = target.slice(prefix.length);
    if (rest.startsWith('/')) return { kind: 'container', target: rest, prefix };
    if (rest === '' || rest.startsWith('?')) return { kind: 'container', target: `/${rest}`, prefix };
    return { kind: 'container', target, prefix: '' };
  };
}

/** Exactly this path, with or without a query. */
function isPath(target: string, path: string): boolean {
  return target.startsWith(path) && (target.length === path.length || target[path.length] === '?');
}
