// Leader election on a Lease, after client-go: whoever holds it renews it; others take it over once it has not changed for its
// whole duration by their own clock (clocks of two machines are never compared). Every write is guarded by resourceVersion.
// Who has lost it must stop at once: run() then resolves, and main ends the process.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import { resources } from '../api/resources.ts';
import { pause } from '../watch/pause.ts';
import { isNotFound, isStatus } from './api-error.ts';
import type { KubernetesClient } from './client.ts';

export interface LeaseParts {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseSeconds: number;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}
interface Lease extends KubernetesObject {
  readonly spec?: LeaseSpec;
}

export class LeaderLease {
  readonly #parts: LeaseParts;
  /** The record last seen, and when: it is dead if it stays as it is for its whole duration. */
  #seen: { readonly version: string; readonly atMs: number } | undefined;
  #isHeld = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Resolves once the Lease is ours; false if the signal came first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#try()) {
        this.#isHeld = true;
        this.#parts.log.info({ identity: this.#parts.identity }, 'leading');
        return true;
      }
      await pause(this.#parts.clock, this.#retryMs * (1 + Math.random() * 0.2), signal);
    }
    return false;
  }

  /** Renews until the signal aborts (true) or until it could not be renewed in time (false: stop working). */
  async keep(signal: AbortSignal): Promise<boolean> {
    const { clock, leaseSeconds, log } = this.#parts;
    const deadlineMs = (leaseSeconds * 1000 * 2) / 3;
    let renewedAtMs = clock.monotonicMs();
    while (!signal.aborted) {
      await pause(clock, this.#retryMs, signal);
      if (signal.aborted) break;
      const startedMs = clock.monotonicMs();
      const outcome = await within(this.#try(), deadlineMs - (startedMs - renewedAtMs), clock);
      if (outcome === true) renewedAtMs = startedMs;
      else if (this.#isTaken || clock.monotonicMs() - renewedAtMs >= deadlineMs) {
        this.#isHeld = false;
        log.error('the Lease is lost');
        return false;
      }
    }
    return true;
  }

  /** Lets the next one start at once instead of after a whole duration. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const { client, identity } = this.#parts;
    try {
      const lease = await client.get<Lease>(this.#target);
      if (lease.spec?.holderIdentity !== identity) return;
      const now = this.#now();
      // Nobody's: an empty name would be refused by newer API servers.
      const { holderIdentity: _, ...rest } = lease.spec;
      const spec = { ...rest, leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
      await client.update(this.#target, { ...lease, spec });
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the Lease could not be released; it runs out by itself');
    }
  }

  #isTaken = false;

  async #try(): Promise<boolean> {
    try {
      return await this.#renewOrTake();
    } catch (error) {
      // 409: somebody else wrote first. Anything else: the API server cannot say, so neither can we.
      if (!isStatus(error, 409)) this.#parts.log.warn({ err: error }, 'the Lease could not be read or written');
      return false;
    }
  }

  async #renewOrTake(): Promise<boolean> {
    const { client, clock, identity, leaseSeconds, namespace, name } = this.#parts;
    const lease = await client.get<Lease>(this.#target).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const now = this.#now();
    const fresh = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, acquireTime: now, renewTime: now };
    if (lease === undefined) {
      const { apiVersion, kind } = resources.leases;
      const body = { apiVersion, kind, metadata: { name, namespace }, spec: { ...fresh, leaseTransitions: 0 } };
      await client.create({ resource: resources.leases, namespace }, body);
      return true;
    }
    const { holderIdentity = '', acquireTime = now, leaseTransitions = 0, leaseDurationSeconds } = lease.spec ?? {};
    const isOurs = holderIdentity === identity;
    this.#isTaken = this.#isHeld && !isOurs;
    if (this.#isTaken) return false;
    if (!isOurs && holderIdentity !== '' && !this.#isDead(lease, leaseDurationSeconds ?? leaseSeconds)) return false;
    const spec = isOurs
      ? { ...fresh, acquireTime, leaseTransitions }
      : { ...fresh, leaseTransitions: leaseTransitions + 1 };
    await client.update(this.#target, { ...lease, spec });
    this.#seen = { version: '', atMs: clock.monotonicMs() };
    return true;
  }

  #isDead(lease: Lease, seconds: number): boolean {
    const version = lease.metadata.resourceVersion ?? '';
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#seen?.version !== version) this.#seen = { version, atMs: nowMs };
    return nowMs - this.#seen.atMs >= seconds * 1000;
  }

  get #target() {
    return { resource: resources.leases, namespace: this.#parts.namespace, name: this.#parts.name };
  }
  get #retryMs(): number {
    return (this.#parts.leaseSeconds * 1000 * 2) / 15;
  }
  /** A Lease's times have six digits; three are refused. */
  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
  }
}

/** Undefined if the time is over first: a renewal that hangs is one that failed. */
async function within<T>(promise: Promise<T>, delayMs: number, clock: Clock): Promise<T | undefined> {
  const over = new AbortController();
  const late = pause(clock, Math.max(0, delayMs), over.signal).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
