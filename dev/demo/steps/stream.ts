// A token stream, shown as it arrives, and proved to have arrived as it was made.
import { type Arrival, askForEvents, story } from '../ask.ts';
import { prove, type Step } from '../proof.ts';
import type { Terminal } from '../terminal.ts';

const tokens = 60;
/** A machine that is held up for a moment looks like a buffer; a buffer is there each time. */
const tries = 4;

export const stream: Step = {
  name: 'Tokens as they are made',
  claim: 'an event stream is passed through token by token, not buffered',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    terminal.command(`curl -N ${url}/${stage.name}/v1/completions -d '{..., "max_tokens": ${tokens}, "stream": true}'`);
    const path = `${url}/${stage.name}/v1/completions`;
    let arrivals = await follow(path, terminal);
    for (let again = 1; again < tries && !isAsMade(arrivals); again++) arrivals = await follow(path, terminal);
    const made = arrivals.slice(0, -1);
    prove(
      terminal,
      made.length === tokens && arrivals.at(-1)?.text === '[DONE]',
      `${tokens} events, then [DONE]`,
      `${arrivals.length} events, the last: ${arrivals.at(-1)?.text}`,
    );
    const { first, last, apart } = times(arrivals);
    prove(
      terminal,
      isAsMade(arrivals),
      `first token after ${Math.round(first)} ms, last after ${Math.round(last)} ms, at ${apart} different times`,
      `first after ${first} ms, last after ${last} ms, at ${apart} different times`,
    );
  },
};

async function follow(path: string, terminal: Terminal): Promise<readonly Arrival[]> {
  const arrivals: Arrival[] = [];
  for await (const event of askForEvents(path, { json: story(tokens, { stream: true }) })) {
    arrivals.push(event);
    if (event.text !== '[DONE]') terminal.piece(JSON.parse(event.text).choices[0].text);
  }
  terminal.endPieces();
  return arrivals;
}

function times(arrivals: readonly Arrival[]) {
  const made = arrivals.slice(0, -1);
  const apart = new Set(made.map((event) => Math.round(event.atMs / 5))).size;
  return { first: made[0]?.atMs ?? 0, last: made.at(-1)?.atMs ?? 0, apart };
}

function isAsMade(arrivals: readonly Arrival[]): boolean {
  const { first, last, apart } = times(arrivals);
  return first < last / 4 && apart > tokens / 2;
}
