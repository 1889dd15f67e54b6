// Sends a pod's status to the API server: one write at a time, the latest wins, an unchanged status is not sent, a refused one is
// tried again. Conditions of other writers are kept as they were last seen.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterClient } from '../client.ts';
import { isConflict, isNotFound } from '../client.ts';
import type { Pod, PodStatus } from '../pod.ts';
import { pods } from '../resources.ts';
import type { WatchCache } from '../watch-cache.ts';

export class StatusWriter {
  readonly #client: ClusterClient;
  readonly #cache: WatchCache<Pod>;
  readonly #pod: Pod;
  #wanted: PodStatus | undefined;
  #sent = '';
  #writing: Promise<void> | undefined;

  constructor(client: ClusterClient, cache: WatchCache<Pod>, pod: Pod) {
    this.#client = client;
    this.#cache = cache;
    this.#pod = pod;
  }

  write(status: PodStatus): void {
    this.#wanted = status;
    this.#writing ??= this.#run().finally(() => {
      this.#writing = undefined;
    });
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  async #run(): Promise<void> {
    const { namespace = '', name, uid } = this.#pod.metadata;
    const at = { namespace, name, subresource: 'status' };
    for (let failures = 0; this.#wanted && failures < 50; ) {
      const status: PodStatus = this.#wanted;
      this.#wanted = undefined;
      const text = JSON.stringify(status);
      if (text === this.#sent) continue;
      try {
        // Fields that went away (a waiting reason, a terminated state) must be sent as null: a merge patch keeps what it does not name.
        this.#cache.observe(
          await this.#client.patch(pods, at, 'merge', { metadata: { uid }, status: emptied(status) }),
        );
        this.#sent = text;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        failures += 1;
        this.#wanted ??= status;
        await sleep(Math.min(50 * failures, 1_000));
      }
    }
  }
}

/** Lists are replaced whole by a merge patch; only the top-level fields that may vanish need a null. */
function emptied(status: PodStatus): object {
  return { reason: null, message: null, ...status };
}
