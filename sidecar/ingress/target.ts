// The request target (RFC 9112, 3.2) in the form the rest of the sidecar knows: path and query, byte for byte, or `*`. Pure.

/** A host and port (RFC 3986, 3.2.2 and 3.2.3), neither of which need be there. No user information: RFC 9110, 4.2.4. */
const AUTHORITY = /^(?:\[[\w.~!$&'()*+,;=:-]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** What a `Host` field may hold. It is empty where the target has no authority. */
export function isAuthority(text: string): boolean {
  return AUTHORITY.test(text);
}

/**
 * Path and query of a target in origin or absolute form, `*` of one that is about the server as a whole; undefined where it is
 * malformed, has a fragment, or names a user.
 */
export function originForm(method: string, target: string): string | undefined {
  if (target.startsWith('/')) return target.includes('#') ? undefined : target;
  if (target === '*') return method === 'OPTIONS' ? target : undefined;
  const [, authority = '', rest = ''] = ABSOLUTE.exec(target) ?? [];
  // An http address without a host is invalid (RFC 9110, 4.2.1).
  if (/^(?::|$)/.test(authority) || !isAuthority(authority)) return undefined;
  if (rest.startsWith('/')) return rest;
  // About the server as a whole (RFC 9112, 3.2.4), or an empty path, which is `/` (RFC 9110, 4.2.3).
  return rest === '' && method === 'OPTIONS' ? '*' : `/${rest}`;
}

/** Host and port that an absolute form names, in the place of what `Host` says (RFC 9112, 3.2.2); empty in other forms. */
export function authorityOf(target: string): string {
  return target.startsWith('/') ? '' : (ABSOLUTE.exec(target)?.[1] ?? '');
}
