// Service names and ClusterIPs in a pod's environment, made reachable: each Service that a pod names gets a loopback address of this
// node, with a forwarder on each of its ports. The listener is there only while the Service has someone to answer, so that a client is
// refused as in a real cluster. Names are recognised as `service.namespace.svc`, with or without `.cluster.local`.

import { Forwarder, type KnownServices, targetsOf } from '../service-proxy.ts';
import { splitKey } from '../watch-cache.ts';
import type { AddressRange } from './addresses.ts';

const serviceName = /(?<![\w.-])([a-z0-9][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)\.svc(?:\.cluster\.local)?(?![\w-]|\.\w)/g;

export class ServiceNames {
  readonly #known: KnownServices;
  readonly #range: AddressRange;
  readonly #addresses = new Map<string, string>();
  readonly #listeners = new Map<string, Forwarder>();
  #isStopped = false;

  constructor(known: KnownServices, range: AddressRange) {
    this.#known = known;
    this.#range = range;
    known.slices.onChange(() => this.#refresh());
    known.services.onChange(() => this.#refresh());
  }

  translate(text: string): string {
    const named = text.replace(serviceName, (_, name: string, namespace: string) =>
      this.#addressOf(`${namespace}/${name}`),
    );
    if (!/\b10\.\d+\.\d+\.\d+/.test(named)) return named;
    return this.#known.services.list().reduce((result, service) => {
      const { clusterIP } = service.spec;
      if (!clusterIP || clusterIP === 'None' || !result.includes(clusterIP)) return result;
      const pattern = new RegExp(`(?<![\\w.-])${clusterIP.replaceAll('.', '\\.')}(?![\\w-]|\\.\\w)`, 'g');
      return result.replace(pattern, this.#addressOf(`${service.metadata.namespace}/${service.metadata.name}`));
    }, named);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  #addressOf(key: string): string {
    const known = this.#addresses.get(key);
    if (known) return known;
    const address = this.#range.take();
    this.#addresses.set(key, address);
    this.#refresh();
    return address;
  }

  #refresh(): void {
    if (this.#isStopped) return;
    for (const [key, address] of this.#addresses) {
      const { namespace, name } = splitKey(key);
      for (const { port } of this.#known.services.get(key)?.spec.ports ?? [])
        this.#keep(`${address}:${port}`, address, namespace, name, port);
    }
  }

  #keep(id: string, address: string, namespace: string, name: string, port: number): void {
    const isWanted = targetsOf(this.#known, namespace, name, port).length > 0;
    const listener = this.#listeners.get(id);
    if (isWanted && !listener) {
      const made = new Forwarder(() => targetsOf(this.#known, namespace, name, port));
      this.#listeners.set(id, made);
      // The address may still be held by the listener that is closing: the next change tries again.
      made.listen(address, port).catch(() => this.#listeners.delete(id));
    } else if (!isWanted && listener) {
      this.#listeners.delete(id);
      listener.refuse();
    }
  }
}
