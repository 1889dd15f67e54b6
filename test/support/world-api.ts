// Which API server the operator's tests stand on: the stand-in, unless KUBEBUILDER_ASSETS names real binaries or TEST_KUBECONFIG an
// existing cluster. What one of them cannot do is asked for by `testThatNeeds`, which counts as skipped and prints why.
// On binaries a Service has no EndpointSlices: a real server refuses the loopback addresses that our pods have; ask the pods.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { type ApiServer, startApiServer } from '../../dev/cluster/api/api-server.ts';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';
import { startRealApiServer } from './real-api-server.ts';

export type ApiKind = 'stand-in' | 'binaries' | 'cluster';
export type Ability = 'faults' | 'request log' | 'pods' | 'services' | 'definitions' | 'no controllers';

export interface WorldApi extends Pick<ApiServer, 'kubeconfigPath' | 'requests' | 'faults' | 'compact'> {
  /** Other than `default` only where a cluster is shared with others. */
  readonly namespace: string;
  close(): Promise<void>;
}

export const apiKind = (): ApiKind => {
  if (process.env.TEST_KUBECONFIG) return 'cluster';
  return process.env.KUBEBUILDER_ASSETS ? 'binaries' : 'stand-in';
};

const lacks: Readonly<Record<ApiKind, Readonly<Partial<Record<Ability, string>>>>> = {
  'stand-in': {},
  binaries: {
    faults: 'a real API server does not fail on order',
    services: 'a real API server takes no EndpointSlices with the loopback addresses that our pods have',
  },
  cluster: {
    faults: 'a real API server does not fail on order',
    'request log': 'the requests of an existing cluster are not ours to read',
    services: 'the Services of an existing cluster are not reachable from here',
    definitions: 'the resource definition of an existing cluster is not ours to delete',
    pods: 'an existing cluster has not our images, nor are its pods reachable from here',
    'no controllers': 'the controllers of an existing cluster are not ours to stop',
  },
};

/** `test`, or `test.skip` with the reason printed where this API server lacks one of the abilities. */
export function testThatNeeds(...abilities: readonly Ability[]): typeof test {
  const reasons = abilities.flatMap((ability) => lacks[apiKind()][ability] ?? []);
  if (reasons.length === 0) return test;
  console.warn(`skipped: ${reasons.join('; ')}`);
  return test.skip as typeof test;
}

export async function startWorldApi(directory: string): Promise<WorldApi> {
  const kind = apiKind();
  if (kind === 'cluster') return shareCluster(process.env.TEST_KUBECONFIG!, directory);
  if (kind === 'stand-in')
    return { ...(await startApiServer({ kubeconfigPath: join(directory, 'kubeconfig') })), namespace: 'default' };
  const real = await startRealApiServer(process.env.KUBEBUILDER_ASSETS!, directory);
  return {
    ...real,
    namespace: 'default',
    get faults(): never {
      return lacking('faults');
    },
    compact: () => lacking('faults'),
  };
}

/** A namespace of its own on somebody's cluster, gone afterwards; the definition of our kind stays. */
function shareCluster(kubeconfig: string, directory: string): WorldApi {
  const namespace = `operator-test-${randomBytes(4).toString('hex')}`;
  const kubeconfigPath = join(directory, 'kubeconfig');
  const kubectl = (config: string, ...args: string[]) =>
    execFileSync(clusterTools().kubectl, args, { env: { ...process.env, KUBECONFIG: config }, encoding: 'utf8' });
  writeFileSync(kubeconfigPath, kubectl(kubeconfig, 'config', 'view', '--raw', '--flatten', '--minify'), {
    mode: 0o600,
  });
  kubectl(kubeconfigPath, 'config', 'set-context', '--current', `--namespace=${namespace}`);
  kubectl(kubeconfigPath, 'create', 'namespace', namespace);
  return {
    kubeconfigPath,
    namespace,
    get faults(): never {
      return lacking('faults');
    },
    get requests(): never {
      return lacking('request log');
    },
    compact: () => lacking('faults'),
    close: async () => void kubectl(kubeconfigPath, 'delete', 'namespace', namespace, '--wait=false'),
  };
}

function lacking(ability: Ability): never {
  throw new Error(`this API server has no ${ability}: declare the test with testThatNeeds('${ability}')`);
}
