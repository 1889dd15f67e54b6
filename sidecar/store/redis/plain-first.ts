// Most requests of a batch are plain, and one step does them all; what it left is asked of the step that does anything. Where that
// fails only those have failed: what the first step did is done.
import { StoreError } from '../store.ts';

/** `outcomes`: null where the plain step left the item. `ask` gets those, and answers in their order. */
export async function plainFirst<Item, Outcome>(
  items: readonly Item[],
  outcomes: readonly (Outcome | null)[],
  ask: (left: readonly Item[]) => Promise<readonly Outcome[]>,
): Promise<readonly (Outcome | StoreError)[]> {
  if (!outcomes.includes(null)) return outcomes as readonly Outcome[];
  const left = items.filter((_, i) => outcomes[i] === null);
  const answers = await ask(left).catch((error: unknown) => {
    if (error instanceof StoreError) return left.map(() => error);
    throw error;
  });
  let next = 0;
  return outcomes.map((outcome) => outcome ?? (answers[next++] as Outcome | StoreError));
}
