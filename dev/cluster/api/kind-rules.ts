// The rules of each built-in kind, gathered. Kinds that are not here have only what all share: metadata, storage, their schema.
import { builtinColumns } from './kinds/columns.ts';
import { definitionRules } from './kinds/definition-rules.ts';
import { coreEventRules, newEventRules } from './kinds/events.ts';
import { otherRules } from './kinds/other-kinds.ts';
import { type PodSurroundings, podRules } from './kinds/pods.ts';
import { serviceRules } from './kinds/services.ts';
import { workloadRules } from './kinds/workloads.ts';
import type { KindRules } from './resource.ts';

export function builtinRules(surroundings: PodSurroundings): (kind: string, group: string) => KindRules {
  const columns = builtinColumns();
  const rules: Readonly<Record<string, KindRules>> = {
    ...otherRules,
    ...workloadRules,
    Event: coreEventRules,
    Pod: podRules(surroundings),
    Service: serviceRules(),
    CustomResourceDefinition: definitionRules,
  };
  return (kind, group) => {
    const found = kind === 'Event' && group === 'events.k8s.io' ? newEventRules : (rules[kind] ?? {});
    const shown = columns[kind];
    return shown === undefined ? found : { ...found, columns: shown };
  };
}
