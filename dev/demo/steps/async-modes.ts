// The three async modes: kept here with status and result; fire and forget; the container's own.
import { type Answer, ask, story } from '../ask.ts';
import { awaitThat, prove, type Step } from '../proof.ts';
import type { Stage } from '../stage.ts';
import type { Terminal } from '../terminal.ts';

export const respondAsync: Step = {
  name: 'Prefer: respond-async',
  claim: 'an accepted request has a status and keeps its result, byte for byte the synchronous answer',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    const path = `${url}/${stage.name}/v1/completions`;
    const accepted = await post(terminal, path, 'respond-async', story(40));
    const ticket = JSON.parse(accepted.body.toString());
    terminal.output(accepted.body.toString());
    prove(
      terminal,
      accepted.status === 202 && Object.keys(ticket).join() === 'Id,StatusPath,ResultPath',
      `202 with Id, StatusPath and ResultPath after ${Math.round(accepted.tookMs)} ms`,
      `${accepted.status} ${accepted.body}`,
    );
    const headers = { 'X-Inference-Id': ticket.Id };
    terminal.command(`curl ${url}${ticket.StatusPath} -H 'X-Inference-Id: ${ticket.Id}'`);
    const seen = await followStatus(stage, url, ticket.Id, (text) => terminal.live(text));
    prove(terminal, seen.at(-1) === 'Completed', `status went ${seen.join(' -> ')}`, seen);
    const result = await ask(`${url}${ticket.ResultPath}`, { headers });
    const direct = await ask(path, { json: story(40) });
    prove(
      terminal,
      result.status === 200 && result.body.equals(direct.body),
      `the result is the synchronous answer, byte for byte (${result.body.length} bytes)`,
      `${result.status} ${result.body}`,
    );
  },
};

export const respondAsyncProxy: Step = {
  name: 'Prefer: respond-async-proxy',
  claim: 'fire and forget: an empty 202 at once, and the container gets the request with Prefer: respond-async',
  async run(stage, terminal) {
    const replica = await stage.oneReplica();
    const accepted = await post(terminal, `${replica.url}/${stage.name}/echo`, 'respond-async-proxy', {
      task: 'fire and forget',
    });
    const id = accepted.headers.get('x-inference-id') ?? '';
    prove(
      terminal,
      accepted.status === 202 && accepted.body.length === 0 && id !== '',
      `202 with an empty body after ${Math.round(accepted.tookMs)} ms`,
      `${accepted.status} ${accepted.body}`,
    );
    const prefer = await awaitThat('the container has executed the request', 60_000, async () => {
      const calls = (await stage.calls(replica)).filter((seen) => seen.id === id && seen.outcome === 'finished');
      return calls.length > 0 ? { value: calls.map((call) => call.prefer).join() } : { seen: 'no such request' };
    });
    prove(terminal, prefer === 'respond-async', 'the container got it once, with "Prefer: respond-async"', prefer);
  },
};

export const respondAsyncContainer: Step = {
  name: 'Prefer: respond-async-container',
  claim: "the container's own answer is relayed, and it got Prefer: respond-async",
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    const answer = await post(terminal, `${url}/${stage.name}/echo`, 'respond-async-container', { task: 'own queue' });
    const seen = JSON.parse(answer.body.toString());
    const prefer = (seen.headers as [string, string][]).filter(([name]) => name.toLowerCase() === 'prefer');
    prove(
      terminal,
      answer.status === 200 && prefer.length === 1 && prefer[0]?.[1] === 'respond-async',
      'the container answered itself, and says that it got "Prefer: respond-async"',
      `${answer.status}, Prefer: ${JSON.stringify(prefer)}`,
    );
  },
};

function post(terminal: Terminal, url: string, prefer: string, json: unknown): Promise<Answer> {
  terminal.command(`curl -i ${url} -H 'Prefer: ${prefer}' -d '...'`);
  return ask(url, { json, headers: { Prefer: prefer } });
}

/** Each word of the status in the order seen. */
export async function followStatus(
  stage: Stage,
  url: string,
  id: string,
  show: (text: string) => void,
): Promise<string[]> {
  const words: string[] = [];
  await awaitThat(
    'status Completed',
    180_000,
    async () => {
      const answer = await ask(`${url}/status/${stage.name}`, { headers: { 'X-Inference-Id': id } });
      const document = JSON.parse(answer.body.toString());
      if (words.at(-1) !== document.Status) words.push(document.Status);
      show(`${document.Status}, attempt ${document.Attempts}`);
      return document.Status === 'Completed' ? { value: document } : { seen: answer.body.toString() };
    },
    100,
  );
  return words;
}
