// A sidecar dies (SIGKILL) while it works on an accepted request. Another replica takes over; nothing is lost.
import { ask, story } from '../ask.ts';
import { awaitThat, prove, type Step } from '../proof.ts';
import type { Replica } from '../stage.ts';
import { followStatus } from './async-modes.ts';

/** Alone in its batch, 150 tokens take 2.7 s: time enough to be killed in the middle. */
const tokens = 150;

export const scaleUp: Step = {
  name: 'Two replicas',
  claim: 'kubectl scale brings a second replica on the second GPU node',
  async run(stage, terminal) {
    terminal.command(`kubectl scale infdep ${stage.name} --replicas=2`);
    terminal.output(await stage.kubectl('scale', 'infdep', stage.name, '--replicas=2'));
    await awaitThat('two ready replicas', 60_000, async () => {
      const status = await stage.status();
      terminal.live(`${status.phase}, ${status.readyReplicas ?? 0} of 2 ready`);
      const isDone = status.readyReplicas === 2 && status.phase === 'Healthy';
      return isDone ? { value: status } : { seen: JSON.stringify(status) };
    });
    const nodes = new Set((await stage.replicas()).map((replica) => replica.node));
    prove(terminal, nodes.size === 2, `two ready replicas, on ${[...nodes].join(' and ')}`, [...nodes].join());
  },
};

export const survival: Step = {
  name: 'A sidecar dies in the middle',
  claim: 'an accepted request survives the SIGKILL of the sidecar that works on it',
  async run(stage, terminal) {
    const [first] = await stage.replicas();
    const expected = await ask(`${first!.url}/v1/completions`, { json: story(tokens) });
    const accepted = await ask(`${first!.url}/${stage.name}/v1/completions`, {
      json: story(tokens),
      headers: { Prefer: 'respond-async' },
    });
    const { Id: id } = JSON.parse(accepted.body.toString());
    terminal.say(`accepted with 202: ${id}`);
    const victim = await awaitThat<{ replica: Replica; produced: number }>(
      'a replica works on the request',
      20_000,
      async () => {
        for (const replica of await stage.replicas()) {
          const calls = await stage.calls(replica);
          const mine = calls.find((call) => call.id === id);
          if (mine && mine.tokensAtMs.length > 20) return { value: { replica, produced: mine.tokensAtMs.length } };
        }
        return { seen: 'no container has produced tokens for it' };
      },
    );
    const survivor = (await stage.replicas()).find((replica) => replica.name !== victim.replica.name)!;
    const pid = stage.killSidecar(victim.replica);
    terminal.say(`kill -9 ${pid}: the sidecar of ${victim.replica.name}, ${victim.produced} of ${tokens} tokens made`);
    const killedAtMs = performance.now();
    const words = await followStatus(stage, survivor.url, id, (text) => {
      const seconds = Math.round((performance.now() - killedAtMs) / 1000);
      terminal.live(`${survivor.name} says: ${text} (${seconds} s since the kill; the dead one's lease must run out)`);
    });
    prove(terminal, words.at(-1) === 'Completed', `the other replica saw ${words.join(' -> ')}`, words);
    const headers = { 'X-Inference-Id': id };
    const result = await ask(`${survivor.url}/result/${stage.name}`, { headers });
    prove(
      terminal,
      result.status === 200 && result.body.equals(expected.body),
      'its result is complete, byte for byte what an undisturbed request gets',
      `${result.status} ${result.body}`,
    );
    const status = JSON.parse((await ask(`${survivor.url}/status/${stage.name}`, { headers })).body.toString());
    prove(terminal, status.Attempts >= 2, `it took ${status.Attempts} attempts, and the client did nothing`, status);
  },
};
