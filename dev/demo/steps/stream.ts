// A token stream, shown as it arrives, and proved to have arrived as it was made.
import { type Arrival, askForEvents, story } from '../ask.ts';
import { prove, type Step } from '../proof.ts';

const tokens = 60;

export const stream: Step = {
  name: 'Tokens as they are made',
  claim: 'an event stream is passed through token by token, not buffered',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    terminal.command(`curl -N ${url}/${stage.name}/v1/completions -d '{..., "max_tokens": ${tokens}, "stream": true}'`);
    const arrivals: Arrival[] = [];
    const question = { json: story(tokens, { stream: true }) };
    for await (const event of askForEvents(`${url}/${stage.name}/v1/completions`, question)) {
      arrivals.push(event);
      if (event.text !== '[DONE]') terminal.piece(JSON.parse(event.text).choices[0].text);
    }
    terminal.endPieces();
    const made = arrivals.slice(0, -1);
    prove(
      terminal,
      made.length === tokens && arrivals.at(-1)?.text === '[DONE]',
      `${tokens} events, then [DONE]`,
      `${arrivals.length} events, the last: ${arrivals.at(-1)?.text}`,
    );
    const [first, last] = [made[0]?.atMs ?? 0, made.at(-1)?.atMs ?? 0];
    const apart = new Set(made.map((event) => Math.round(event.atMs / 5))).size;
    prove(
      terminal,
      first < last / 4 && apart > tokens / 2,
      `first token after ${Math.round(first)} ms, last after ${Math.round(last)} ms, at ${apart} different times`,
      `first after ${first} ms, last after ${last} ms, at ${apart} different times`,
    );
  },
};
