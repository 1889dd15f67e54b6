// Token production, shared by every API that makes text: paced by the batch, and with the accidents that a request asks
// for on the way: crash-after=N, reset-after=N (only this connection), hang-after=N tokens. With hold-tokens=a token N waits
// until "a:N" is released, so that a test can look at a stream between two tokens.
import { once } from 'node:events';
import { setImmediate as immediate } from 'node:timers/promises';
import { directive, type Exchange, numberDirective } from './exchange.ts';
import { wordsFor } from './text.ts';

export async function* generate(exchange: Exchange, prompt: string, count: number): AsyncGenerator<string> {
  const { model, gone, call } = exchange;
  const pace = {
    ...model.settings,
    ...(numberDirective(exchange, 'token-ms') !== undefined && { batching: false }),
    tokenMs: numberDirective(exchange, 'token-ms') ?? model.settings.tokenMs,
    firstTokenMs: numberDirective(exchange, 'first-token-ms') ?? model.settings.firstTokenMs,
  };
  const accidents = accidentsOf(exchange);
  const words = wordsFor(prompt, count);
  const tokenHold = directive(exchange, 'hold-tokens');
  await accidents(0);
  for await (const index of model.batch.tokens(count, pace, gone)) {
    if (tokenHold !== undefined) await model.holds.wait(`${tokenHold}:${index}`, gone);
    model.counters.token(call);
    yield words[index]!;
    await accidents(index + 1);
  }
}

function accidentsOf(exchange: Exchange): (tokensSoFar: number) => Promise<void> {
  const crashAfter = numberDirective(exchange, 'crash-after');
  const resetAfter = numberDirective(exchange, 'reset-after');
  const hangAfter = numberDirective(exchange, 'hang-after');
  return async (tokensSoFar) => {
    if (tokensSoFar !== crashAfter && tokensSoFar !== resetAfter && tokensSoFar !== hangAfter) return;
    // Node sends what was written in this turn at its end: the tokens so far shall have left first.
    await immediate();
    if (tokensSoFar === crashAfter) exchange.model.crash();
    if (tokensSoFar === resetAfter) exchange.cut();
    if (tokensSoFar === hangAfter) await untilGone(exchange.gone);
  };
}

export async function untilGone(gone: AbortSignal): Promise<never> {
  if (!gone.aborted) await once(gone, 'abort');
  throw gone.reason;
}
