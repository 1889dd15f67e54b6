// A sidecar dies (SIGKILL) while it works on an accepted request. Its lease runs out, another replica takes over, and
// nothing is lost. Two steps, so that the time until then is used for another one.
import { ask, story } from '../ask.ts';
import { awaitThat, prove, type Step } from '../proof.ts';
import type { Replica, Stage } from '../stage.ts';
import { followStatus } from './async-modes.ts';

/** Alone in its batch, 250 tokens take 4.4 s: time enough to be killed in the middle. */
const tokens = 250;

export const scaleUp: Step = {
  name: 'Two replicas',
  claim: 'kubectl scale brings a second replica on the second GPU node',
  async run(stage, terminal) {
    terminal.command(`kubectl scale infdep ${stage.name} --replicas=2`);
    terminal.output(await stage.kubectl('scale', 'infdep', stage.name, '--replicas=2'));
    await awaitThat('two ready replicas', 180_000, async () => {
      const status = await stage.status();
      terminal.live(`${status.phase}, ${status.readyReplicas ?? 0} of 2 ready`);
      const isDone = status.readyReplicas === 2 && status.phase === 'Healthy';
      return isDone ? { value: status } : { seen: JSON.stringify(status) };
    });
    const nodes = new Set((await stage.replicas()).map((replica) => replica.node));
    prove(terminal, nodes.size === 2, `two ready replicas, on ${[...nodes].join(' and ')}`, [...nodes].join());
  },
};

interface Victim {
  readonly replica: Replica;
  readonly survivor: Replica;
  readonly id: string;
  readonly produced: number;
}

/** What the second step must know of the first. */
interface Casualty extends Victim {
  readonly expected: Buffer;
  readonly killedAtMs: number;
}

export function deathAndRecovery(): readonly [death: Step, recovery: Step] {
  let casualty: Casualty | undefined;
  const death: Step = {
    name: 'A sidecar dies in the middle',
    claim: 'its SIGKILL loses no accepted request: the other replica knows it at once',
    async run(stage, terminal) {
      const [first] = await stage.replicas();
      const undisturbed = await ask(`${first!.url}/v1/completions`, { json: story(tokens) });
      const victim = await untilHalfway(stage, first!);
      terminal.say(`accepted with 202: ${victim.id}`);
      const pid = stage.killSidecar(victim.replica);
      terminal.command(`kill -9 ${pid}`);
      terminal.say(`the sidecar of ${victim.replica.name}, when ${victim.produced} of ${tokens} tokens were made`);
      casualty = { ...victim, expected: undisturbed.body, killedAtMs: performance.now() };
      const status = await statusOf(stage, victim);
      const isKept = status.Status === 'Inference' || status.Status === 'Queue';
      prove(terminal, isKept, `${victim.survivor.name} says: ${status.Status}, attempt ${status.Attempts}`, status);
    },
  };
  const recovery: Step = {
    name: 'And nothing is lost',
    claim: 'the request of the dead sidecar was taken over and completed, byte for byte',
    async run(stage, terminal) {
      if (casualty === undefined) throw new Error('nobody has died');
      const { survivor, id, expected, killedAtMs } = casualty;
      const words = await followStatus(stage, survivor.url, id, (text) => {
        const seconds = Math.round((performance.now() - killedAtMs) / 1000);
        terminal.live(`${survivor.name} says: ${text}`, `, ${seconds} s after the kill; the dead one's lease runs out`);
      });
      prove(terminal, words.at(-1) === 'Completed', `the other replica saw ${words.join(' -> ')}`, words);
      const result = await ask(`${survivor.url}/result/${stage.name}`, { headers: { 'X-Inference-Id': id } });
      prove(
        terminal,
        result.status === 200 && result.body.equals(expected),
        'its result is complete, byte for byte what an undisturbed request gets',
        `${result.status} ${result.body}`,
      );
      const status = await statusOf(stage, casualty);
      prove(terminal, status.Attempts === 2, `it took ${status.Attempts} attempts, and the client did nothing`, status);
    },
  };
  return [death, recovery];
}

/** Submits a long request and waits until one of the replicas has made some of its tokens. */
async function untilHalfway(stage: Stage, first: Replica): Promise<Victim> {
  const question = { json: story(tokens), headers: { Prefer: 'respond-async' } };
  const accepted = await ask(`${first.url}/${stage.name}/v1/completions`, question);
  const { Id: id } = JSON.parse(accepted.body.toString());
  const replicas = await stage.replicas();
  return await awaitThat<Victim>(
    'a replica works on the request',
    60_000,
    async () => {
      for (const replica of replicas) {
        const mine = (await stage.calls(replica)).find((call) => call.id === id);
        const survivor = replicas.find((other) => other.name !== replica.name);
        if (survivor !== undefined && mine !== undefined && mine.tokensAtMs.length > 20) {
          return { value: { replica, survivor, id, produced: mine.tokensAtMs.length } };
        }
      }
      return { seen: 'no container has produced tokens for it' };
    },
    50,
  );
}

async function statusOf(stage: Stage, { survivor, id }: Victim): Promise<{ Status: string; Attempts: number }> {
  const answer = await ask(`${survivor.url}/status/${stage.name}`, { headers: { 'X-Inference-Id': id } });
  return JSON.parse(answer.body.toString());
}
