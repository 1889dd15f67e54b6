// Why a step of Redis failed: a sentence, whether it may have been done all the same, and whether waiting can help.
import { StoreError } from '../store.ts';

/** Of a user who may not. Redis 6.2 and 7.0 name the executing user, later ones the script. */
const forbidden = /^NOPERM|user executing the script|ACL failure in script/;

const explanations: readonly (readonly [RegExp, string])[] = [
  [/^OOM/, 'Redis has no memory left (maxmemory): raise it or set a byte quota'],
  [/^READONLY|MASTERDOWN/, 'Redis is read-only: a fail-over is under way'],
  [/^LOADING/, 'Redis is loading its data'],
  [/^CLUSTERDOWN|Failed to refresh slots/, 'the Redis Cluster is down'],
  [/^MISCONF/, 'Redis cannot write to its disk'],
  [/^NOREPLICAS/, 'Redis has too few replicas to write (min-replicas-to-write)'],
  [/^BUSY/, 'Redis is busy with a script of somebody else'],
  [/^(WRONGPASS|NOAUTH)|invalid username-password/, 'Redis refuses the user or password'],
  [forbidden, 'the Redis user lacks a permission'],
  [/timed out/i, 'Redis does not answer in time'],
  [/writeable|closed|ECONN|ENOTFOUND|EAI_AGAIN|retries|isn't ready|aborted/i, 'Redis cannot be reached'],
];

/** Redis looks at these before a step's first write. */
const refused =
  /^(OOM|READONLY|MASTERDOWN|LOADING|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|BUSY|WRONGPASS|NOAUTH|NOPERM)/;
/** Words of the client library: nothing was sent. */
const unsent = /isn't writeable|isn't ready|Failed to refresh slots|ECONNREFUSED|ENOTFOUND|EAI_AGAIN/;

export function isForbidden(error: unknown): boolean {
  return forbidden.test(messageOf(error));
}

/** `connection`: why it is down, which the steps that fail for it do not say themselves. */
export function storeFailure(error: unknown, connection?: Error): StoreError {
  if (error instanceof StoreError) return error;
  const own = messageOf(error);
  const message = messageOf(connection ?? error);
  const known = explanations.find(([pattern]) => pattern.test(message));
  // Of the client library's own words those about its options help nobody who reads them in an answer.
  const words = message.includes('maxRetriesPerRequest') ? 'the connection was lost' : message;
  return new StoreError(known === undefined ? `Redis: ${message}` : `${known[1]} (${words})`, {
    cause: error,
    isOutcomeKnown: refused.test(own) || unsent.test(own),
    isShutOut: /^(WRONGPASS|NOAUTH|NOPERM)|invalid username-password/.test(message),
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
