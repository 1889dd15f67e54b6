// GET pods/<name>/log: checks the request as the real server does, then asks the kubelet of the pod's node, which stays the owner of
// the log. Kubelets in this process make themselves known; of any other node this says that it cannot be reached.
import type { Readable } from 'node:stream';
import type { Kubelet, LogOptions } from '../kubelet.ts';
import { fieldsAt, type KubeObject, listAt } from './objects.ts';
import { badRequest, StatusError } from './status-error.ts';

function containerOf(pod: KubeObject, asked: string | null): string {
  const names = [...listAt(pod, 'spec', 'initContainers'), ...listAt(pod, 'spec', 'containers')].map((one) =>
    String(one.name),
  );
  const main = listAt(pod, 'spec', 'containers').map((one) => String(one.name));
  const name = pod.metadata.name!;
  if (asked !== null && asked !== '') {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  if (main.length === 1 && names.length === 1) return main[0]!;
  const init = names.filter((one) => !main.includes(one));
  const or = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${or}`);
}

function optionsOf(query: URLSearchParams): LogOptions {
  const flag = (key: string) => query.get(key) === 'true';
  const number = (key: string) => (query.get(key) === null ? {} : { [key]: Number(query.get(key)) });
  const sinceTime = query.get('sinceTime');
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    ...number('tailLines'),
    ...number('sinceSeconds'),
    ...number('limitBytes'),
    ...(sinceTime === null ? {} : { sinceTime }),
  };
}

/** The log as a stream, or undefined for a pod that no node runs yet: the real server then answers nothing at all. */
export function podLog(
  pod: KubeObject,
  query: URLSearchParams,
  kubelets: ReadonlyMap<string, Kubelet>,
): Readable | undefined {
  const container = containerOf(pod, query.get('container'));
  const node = fieldsAt(pod, 'spec')?.nodeName;
  if (typeof node !== 'string' || node === '') return undefined;
  const answer = kubelets.get(node)?.readLog(pod.metadata.namespace!, pod.metadata.name!, container, optionsOf(query));
  if (answer === undefined) {
    throw new StatusError(
      500,
      `Get "https://${node}:10250/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${container}": dial tcp: lookup ${node}: no such host`,
    );
  }
  if (answer.ok) return answer.stream;
  throw new StatusError(answer.code, answer.message, answer.code === 400 ? { reason: 'BadRequest' } : {});
}
