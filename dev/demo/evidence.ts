// After a failed step: what a person needs to find out why, written beside the programs' logs before everything is taken down.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Kubectl = (...args: string[]) => Promise<string>;

const questions: readonly (readonly [file: string, ...args: string[]])[] = [
  ['infdep.yaml', 'get', 'infdep', '-A', '-o', 'yaml'],
  ['pods.yaml', 'get', 'pods', '-A', '-o', 'yaml'],
  ['describe.txt', 'describe', 'infdep,deployments,pods', '-A'],
  ['events.txt', 'get', 'events', '-A', '--sort-by=.lastTimestamp'],
  ['sidecars.log', 'logs', '-l', 'inference-operator.dev/name', '-c', 'sidecar', '--prefix', '--tail=2000'],
  ['models.log', 'logs', '-l', 'inference-operator.dev/name', '-c', 'model', '--prefix', '--tail=2000'],
];

export async function gatherEvidence(kubectl: Kubectl, directory: string): Promise<void> {
  for (const [file, ...args] of questions) {
    const answer = await kubectl(...args).catch((error: Error) => `kubectl ${args.join(' ')}: ${error.message}\n`);
    writeFileSync(join(directory, file), answer);
  }
}
