// From a manifest to a model that answers: kubectl apply, the phases on the way to Healthy, one plain request.
import { ask, story } from '../ask.ts';
import { awaitThat, prove, type Step } from '../proof.ts';
import type { InferenceStatus } from '../stage.ts';

const startTimeoutMs = 180_000;

export const apply: Step = {
  name: 'One manifest in',
  claim: 'kubectl apply brings the model up to Healthy',
  async run(stage, terminal) {
    terminal.command(`kubectl apply -f ${stage.example}`);
    terminal.output(await stage.kubectl('apply', '-f', stage.example));
    const startedAtMs = performance.now();
    const phases: string[] = [];
    await awaitThat('phase Healthy', startTimeoutMs, async () => {
      const status = await stage.status();
      const phase = status.phase ?? 'no status yet';
      if (phases.at(-1) !== phase) phases.push(phase);
      terminal.live(explain(status));
      return phase === 'Healthy' ? { value: status } : { seen: explain(status) };
    });
    terminal.say(phases.join(' -> '));
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    prove(terminal, phases.at(-1) === 'Healthy', `Healthy ${seconds} s after kubectl apply`, phases);
  },
};

function explain(status: InferenceStatus): string {
  const waiting = status.waitingFor ? `, waiting for ${status.waitingFor}` : '';
  return `${status.phase ?? 'no status yet'}, ${status.readyReplicas ?? 0} ready${waiting}`;
}

export const plainRequest: Step = {
  name: 'A request',
  claim: 'a plain request is answered by the container, unchanged, under both path forms',
  async run(stage, terminal) {
    const { url } = await stage.oneReplica();
    terminal.command(
      `curl ${url}/${stage.name}/v1/completions -d '{"prompt": "Write a long story ...", "max_tokens": 20}'`,
    );
    const answer = await ask(`${url}/${stage.name}/v1/completions`, { json: story(20) });
    const text = answer.body.toString();
    prove(terminal, answer.status === 200, `200 after ${Math.round(answer.tookMs)} ms`, `${answer.status} ${text}`);
    terminal.output(`"${JSON.parse(text).choices[0].text}"`);
    const timing = answer.headers.get('server-timing');
    prove(terminal, timing?.includes('upstream;dur=') === true, `Server-Timing: ${timing}`, timing);
    const inCluster = await ask(`${url}/v1/completions`, { json: story(20) });
    const isSame = inCluster.body.equals(answer.body);
    prove(terminal, isSame, 'the in-cluster form /v1/completions answers the same bytes', inCluster.body.toString());
  },
};
