// One thing that a spec asks for and may not have, and the sentence about it for the person who wrote the spec, and whom they will ask.
import type { Policy } from './policy.ts';

export interface Violation {
  /** `spec.container.securityContext.privileged`. */
  readonly field: string;
  readonly value: string;
  /** The chart's value under `policy` that would allow it; undefined: nothing does, and `why` says why. */
  readonly allowedBy?: keyof Policy;
  readonly why?: string;
}

const MOST_SENTENCES = 3;
/** Values are a tenant's text. */
const MOST_CHARACTERS = 200;

export function explain(found: readonly Violation[]): string {
  const sentences = found.slice(0, MOST_SENTENCES).map(({ field, value, allowedBy, why }) => {
    const shown = JSON.stringify(value.slice(0, MOST_CHARACTERS));
    if (allowedBy === undefined) return `${field} must not be ${shown}: ${why}`;
    return `${field} must not be ${shown} in this cluster: remove it, or have policy.${allowedBy} of the operator's chart allow it`;
  });
  const more = found.length - sentences.length;
  return sentences.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
