// Most requests of a batch are plain, and one step does them all; what it left is asked of the step that does anything.

/** `outcomes`: null where the plain step left the item. `ask` gets those, and answers in their order. */
export async function plainFirst<Item, Outcome>(
  items: readonly Item[],
  outcomes: readonly (Outcome | null)[],
  ask: (left: readonly Item[]) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  if (!outcomes.includes(null)) return outcomes as readonly Outcome[];
  const answers = await ask(items.filter((_, i) => outcomes[i] === null));
  let next = 0;
  return outcomes.map((outcome) => outcome ?? (answers[next++] as Outcome));
}
