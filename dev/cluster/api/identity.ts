// Who is asking: the admin's token, and one token for each service account that somebody asked for. Tokens live as long as the server.
import { randomBytes } from 'node:crypto';
import type { User } from './request.ts';
import { forbidden, StatusError } from './status-error.ts';

export class Identity {
  readonly adminToken = randomBytes(24).toString('base64url');
  readonly #accounts = new Map<string, { readonly namespace: string; readonly name: string }>();
  readonly #exists: (namespace: string, name: string) => boolean;

  constructor(exists: (namespace: string, name: string) => boolean) {
    this.#exists = exists;
  }

  tokenFor(namespace: string, name: string): string {
    const token = randomBytes(24).toString('base64url');
    this.#accounts.set(token, { namespace, name });
    return token;
  }

  /** `kubectl --as`: whoever may do everything may also act as anybody else; others are refused. */
  impersonated(user: User, as: string | undefined, groups: string | undefined): User {
    if (as === undefined) return user;
    if (!user.groups.includes('system:masters')) {
      throw forbidden(
        { group: '', plural: 'users' },
        as,
        `User "${user.name}" cannot impersonate resource "users" in API group "" at the cluster scope`,
      );
    }
    const asked = groups === undefined ? [] : groups.split(',').map((group) => group.trim());
    const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(as);
    if (account !== null) return { name: as, groups: [...groupsOfAccount(account[1]!), ...asked] };
    return { name: as, groups: [...asked, 'system:authenticated'] };
  }

  userOf(authorization: string | undefined): User {
    if (authorization === undefined) return { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    const token = /^Bearer (.+)$/.exec(authorization)?.[1];
    if (token === this.adminToken)
      return { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
    const account = token === undefined ? undefined : this.#accounts.get(token);
    // The token of a deleted account is worth nothing.
    if (account === undefined || !this.#exists(account.namespace, account.name)) {
      throw new StatusError(401, 'Unauthorized', { reason: 'Unauthorized' });
    }
    const { namespace, name } = account;
    return { name: `system:serviceaccount:${namespace}:${name}`, groups: groupsOfAccount(namespace) };
  }
}

function groupsOfAccount(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
}
