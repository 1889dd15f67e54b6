// The pod-template-hash of a Deployment's template and the comparison of templates without it. Same shape as the real one
// (FNV-1a, ten safe letters), not the same value: nobody may rely on that one either. Pure.
import type { PodTemplate } from '../../objects.ts';

export const hashLabel = 'pod-template-hash';
const safeLetters = 'bcdfghjklmnpqrstvwxz2456789';

export function templateHash(template: PodTemplate, collisionCount: number | undefined): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonical(template) + (collisionCount === undefined ? '' : String(collisionCount)))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return [...String(hash)].map((digit) => safeLetters[digit.charCodeAt(0) % safeLetters.length]).join('');
}

export function isSameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonical(withoutHash(a)) === canonical(withoutHash(b));
}

function withoutHash(template: PodTemplate): PodTemplate {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** JSON with sorted keys; null, empty objects and absent fields are the same thing, as in the API's Go types. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => {
    if (entry === null) return undefined;
    if (typeof entry !== 'object' || Array.isArray(entry)) return entry;
    const record = entry as Record<string, unknown>;
    const sorted = Object.keys(record).sort();
    const kept = sorted.filter((key) => key !== 'creationTimestamp');
    return Object.fromEntries(kept.map((key) => [key, record[key]]));
  });
}
