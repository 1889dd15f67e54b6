// Comments in an event stream of ours by the clock: intermediaries see that the connection lives, whatever happens to the request.
import type { Clock } from '../../runtime/clock.ts';
import type { Answer } from '../ingress/http/answer.ts';

const PERIOD_MS = 15_000;
const COMMENT = Buffer.from(': still\n\n');

/** Where there is room for one between two events: `mayWrite`. Returns the way to end them. */
export function writeComments(clock: Clock, response: Answer, mayWrite: () => boolean): () => void {
  const tick = (): void => {
    if (mayWrite()) response.write(COMMENT);
    timer = clock.after(PERIOD_MS, tick);
  };
  let timer = clock.after(PERIOD_MS, tick);
  return () => timer.cancel();
}
