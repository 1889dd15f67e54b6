// Requests that are not about storing the object they name: binding and eviction of pods, logs, tokens, and access reviews.
import { deleteOptions, type ObjectDeleter } from './deleter.ts';
import type { ObjectLister } from './lister.ts';
import { type ObjectStore, objectKey } from './object-store.ts';
import { copy, ensureFields, type Fields, fieldsAt, type KubeObject, listAt, nowTimestamp } from './objects.ts';
import type { ResourceRegistry } from './registry.ts';
import { type ApiRequest, type ApiResponse, isDryRun } from './request.ts';
import { selectorText } from './scale.ts';
import { parseLabelSelector } from './selectors.ts';
import { badRequest, conflict, StatusError } from './status-error.ts';
import type { Target } from './verbs.ts';
import type { ObjectWriter } from './writer.ts';

export interface ActionParts {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly lister: ObjectLister;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly tokenFor: (namespace: string, account: string) => string;
  readonly nowMs: () => number;
}

const CREATED = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

export class Actions {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  /** POST to a subresource such as pods/binding; undefined where it is none of these. */
  perform(request: ApiRequest, target: Target, body: Fields): ApiResponse | undefined {
    const { resource, path } = target;
    switch (`${resource.plural}/${path.subresource ?? ''}`) {
      case 'pods/binding':
        return this.#bind(request, target, body);
      case 'pods/eviction':
        return this.#evict(request, target, body);
      case 'serviceaccounts/token':
        return this.#token(target, body);
      default:
        return undefined;
    }
  }

  #bind(request: ApiRequest, { resource, path }: Target, body: Fields): ApiResponse {
    const live = this.#parts.lister.get(resource, path.namespace, path.name!);
    const node = fieldsAt(body, 'target')?.name;
    if (typeof node !== 'string' || node === '') throw badRequest('target.name: Required value');
    const uid = fieldsAt(body, 'metadata')?.uid;
    if (typeof uid === 'string' && uid !== '' && uid !== live.metadata.uid) {
      throw conflict(
        { group: '', plural: 'pods/binding' },
        path.name!,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
      );
    }
    const spec = live.spec as Fields;
    const refuse = (why: string) => conflict({ group: '', plural: 'pods/binding' }, path.name!, why);
    if (live.metadata.deletionTimestamp !== undefined)
      throw refuse(`pod ${path.name} is being deleted, cannot be assigned to a host`);
    if (typeof spec.nodeName === 'string' && spec.nodeName !== '')
      throw refuse(`pod ${path.name} is already assigned to node "${spec.nodeName}"`);
    if (isDryRun(request)) return { code: 201, body: CREATED };
    const next = copy(live);
    (next.spec as Fields).nodeName = node;
    setScheduled(next, nowTimestamp(this.#parts.nowMs()));
    // Like the real binding storage: straight to the store, owned by nobody.
    this.#parts.store.put(resource.collection, objectKey(path.namespace, path.name!), next);
    return { code: 201, body: CREATED };
  }

  #evict(request: ApiRequest, { resource, path }: Target, body: Fields): ApiResponse {
    const live = this.#parts.lister.get(resource, path.namespace, path.name!);
    const options = deleteOptions(body.deleteOptions, request.query);
    const phase = fieldsAt(live, 'status')?.phase;
    const isSafe =
      phase === 'Pending' ||
      phase === 'Succeeded' ||
      phase === 'Failed' ||
      live.metadata.deletionTimestamp !== undefined;
    const budgets = isSafe ? [] : this.#budgetsOf(live);
    if (budgets.length > 1)
      throw new StatusError(
        500,
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
        { reason: 'InternalError' },
      );
    const budget = budgets[0];
    if (budget !== undefined) this.#spend(budget, live);
    this.#parts.deleter.delete(resource, live, options);
    return { code: 201, body: CREATED };
  }

  #budgetsOf(pod: KubeObject): KubeObject[] {
    const resource = this.#parts.registry.find('policy', 'v1', 'poddisruptionbudgets')!;
    const { objects } = this.#parts.lister.list(resource, pod.metadata.namespace, new URLSearchParams());
    return objects.filter((budget) => {
      const selector = fieldsAt(budget, 'spec', 'selector');
      return selector !== undefined && parseLabelSelector(selectorText(selector) ?? '')(pod.metadata.labels ?? {});
    });
  }

  /** Takes one of the allowed disruptions, so that two evictions at once cannot both use the last. */
  #spend(budget: KubeObject, pod: KubeObject): void {
    const status = fieldsAt(budget, 'status') ?? {};
    const allowed = Number(status.disruptionsAllowed ?? 0);
    if (allowed <= 0 || Number(status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
      const name = budget.metadata.name;
      const message = `The disruption budget ${name} needs ${String(status.desiredHealthy ?? 0)} healthy pods and has ${String(status.currentHealthy ?? 0)} currently`;
      throw new StatusError(429, "Cannot evict pod as it would violate the pod's disruption budget.", {
        reason: 'TooManyRequests',
        details: { causes: [{ reason: 'DisruptionBudget', message }] },
      });
    }
    const resource = this.#parts.registry.find('policy', 'v1', 'poddisruptionbudgets')!;
    const next = copy(budget);
    const nextStatus = ensureFields(next, 'status');
    nextStatus.disruptionsAllowed = allowed - 1;
    ensureFields(nextStatus, 'disruptedPods')[pod.metadata.name!] = nowTimestamp(this.#parts.nowMs());
    this.#parts.writer.update(resource, budget, next, {
      manager: 'kube-apiserver',
      isDryRun: false,
      subresource: 'status',
      isPatch: true,
    });
  }

  #token({ resource, path }: Target, body: Fields): ApiResponse {
    this.#parts.lister.get(resource, path.namespace, path.name!);
    const seconds = Number(fieldsAt(body, 'spec')?.expirationSeconds ?? 3600);
    const expirationTimestamp = nowTimestamp(this.#parts.nowMs() + seconds * 1000);
    const status = { token: this.#parts.tokenFor(path.namespace!, path.name!), expirationTimestamp };
    const metadata = { name: path.name, namespace: path.namespace };
    const spec = {
      audiences: ['https://kubernetes.default.svc'],
      expirationSeconds: seconds,
      boundObjectRef: null,
      ...fieldsAt(body, 'spec'),
    };
    return {
      code: 201,
      body: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata, spec, status },
    };
  }
}

function setScheduled(pod: KubeObject, time: string): void {
  const status = ensureFields(pod, 'status');
  const others = listAt(status, 'conditions').filter((one) => one.type !== 'PodScheduled');
  const condition = {
    type: 'PodScheduled',
    observedGeneration: pod.metadata.generation,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: time,
  };
  status.conditions = [condition, ...others];
}
