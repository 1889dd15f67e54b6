// An API server of a few lines for table tests: it holds objects, answers reads, and writes down every write. Server-side apply
// is taken as replacement; what a real one does beyond that is the business of the tests on the cluster on loopback.
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { ApiError, type Verb } from '../../operator/cluster/api-error.ts';
import { KubernetesClient, type Target } from '../../operator/cluster/client.ts';

export interface Write {
  readonly verb: Verb;
  readonly what: string;
  readonly body: unknown;
}

export class RecordingClient extends KubernetesClient {
  readonly objects = new Map<string, KubernetesObject>();
  readonly writes: Write[] = [];
  readonly reads: string[] = [];
  /** Answers to give instead: `patch Deployment` -> status and message. */
  readonly refusals = new Map<string, { readonly status: number; readonly message: string }>();
  #version = 100;

  constructor() {
    super({
      server: new URL('http://nowhere.invalid'),
      dispatcher: undefined as never,
      headers: () => Promise.resolve({}),
      close: () => Promise.resolve(),
    });
  }

  hold(...objects: readonly KubernetesObject[]): void {
    for (const object of objects) this.objects.set(`${object.kind}/${object.metadata.name}`, object);
  }

  override async get<T>(target: Target): Promise<T> {
    this.reads.push(this.#name(target));
    this.#refuse('get', target);
    const found = this.objects.get(this.#name(target));
    if (found === undefined) throw this.#error('get', target, 404, 'not found');
    return found as T;
  }

  override async list<T>(target: Target): Promise<{ items: readonly T[]; resourceVersion: string }> {
    this.reads.push(`list ${target.resource.kind}`);
    this.#refuse('list', target);
    const items = [...this.objects.values()].filter((object) => object.kind === target.resource.kind);
    return { items: items as unknown as T[], resourceVersion: String(this.#version) };
  }

  override async create<T>(target: Target, body: unknown): Promise<T> {
    if (this.objects.has(this.#name(target))) throw this.#error('create', target, 409, 'already exists');
    return this.#write<T>('create', target, body);
  }
  override async patch<T>(target: Target, _type: string, body: unknown): Promise<T> {
    return this.#write<T>('patch', target, body);
  }
  override async delete(target: Target, body: unknown): Promise<unknown> {
    this.#write('delete', target, body);
    this.objects.delete(this.#name(target));
    return {};
  }

  /** `patch Deployment/llama`, in order; events left out. */
  get summary(): readonly string[] {
    return this.writes.filter(({ what }) => !what.startsWith('Event/')).map(({ verb, what }) => `${verb} ${what}`);
  }
  get events(): readonly { readonly type: string; readonly reason: string; readonly message: string }[] {
    return this.writes.filter(({ what }) => what.startsWith('Event/')).map(({ body }) => body as never);
  }
  lastStatus<T>(): T | undefined {
    const write = this.writes.findLast(({ what }) => what.endsWith('/status'));
    return (write?.body as { status?: T } | undefined)?.status;
  }
  applied<T>(kind: string): T | undefined {
    return this.writes.findLast(({ verb, what }) => verb === 'patch' && what.startsWith(`${kind}/`))?.body as
      | T
      | undefined;
  }

  #write<T>(verb: Verb, target: Target, body: unknown): T {
    this.#refuse(verb, target);
    const subresource = target.subresource === undefined ? '' : `/${target.subresource}`;
    this.writes.push({ verb, what: this.#name(target) + subresource, body });
    const before = this.objects.get(this.#name(target));
    const sent = body as KubernetesObject;
    this.#version = Math.max(this.#version, Number(before?.metadata.resourceVersion ?? 0)) + 1;
    const merged =
      target.subresource === undefined
        ? { ...before, ...sent }
        : { ...before, ...sent, ...before, status: (sent as never as { status: unknown }).status };
    const object = {
      ...merged,
      kind: target.resource.kind,
      metadata: {
        ...before?.metadata,
        ...sent.metadata,
        uid: before?.metadata.uid ?? `uid-${this.#version}`,
        ...(before?.metadata.generation !== undefined && {
          generation: before.metadata.generation + (isSameSpec(before, merged) ? 0 : 1),
        }),
        resourceVersion: String(this.#version),
      },
    } as KubernetesObject;
    if (verb !== 'delete' && target.resource.kind !== 'Event') this.objects.set(this.#name(target), object);
    return object as T;
  }

  #refuse(verb: Verb, target: Target): void {
    const refusal = this.refusals.get(`${verb} ${target.resource.kind}`);
    if (refusal !== undefined) throw this.#error(verb, target, refusal.status, refusal.message);
  }
  #error(verb: Verb, { resource, namespace, name }: Target, status: number, message: string): ApiError {
    return new ApiError({ verb, resource: resource.plural, namespace, name }, status, { message });
  }
  #name({ resource, name = '' }: Target): string {
    return `${resource.kind}/${name}`;
  }
}

const isSameSpec = (a: object, b: object): boolean => {
  const spec = (object: object) => JSON.stringify((object as { spec?: unknown }).spec);
  return spec(a) === spec(b);
};
