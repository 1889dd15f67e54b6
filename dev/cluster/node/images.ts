// From an image reference to the local program that stands for it, and the pulling of it with the kubelet's events, errors and
// backoff. An image that is not in the table cannot be pulled, whatever its registry. It starts nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventType } from '../event-recorder.ts';
import type { Container } from '../pod.ts';
import { goDuration, RetryDelay } from './retry-delay.ts';
import type { Backoff, ImageEntry } from './settings.ts';

export type Tell = (type: EventType, reason: string, message: string) => void;
export type Pulled =
  | { readonly image: ImageEntry }
  | { readonly reason: string; readonly message: string; readonly retryAt: number };

export function findImage(table: readonly ImageEntry[], reference: string): ImageEntry | undefined {
  const repository = reference.replace(/@sha256:[0-9a-f]+$/, '').replace(/:[^/:]+$/, '');
  return table.find(({ match }) =>
    typeof match === 'string' ? repository === match || repository.endsWith(`/${match}`) : match.test(reference),
  );
}

const validReference =
  /^(?:[a-zA-Z0-9.-]+(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** The images of one node: what has been pulled stays pulled. Backoff is per pod and image, as in the kubelet. */
export class Images {
  readonly #table: readonly ImageEntry[];
  readonly #limits: Backoff;
  readonly #present = new Set<string>();
  readonly #delays = new Map<string, { readonly delay: RetryDelay; failedAt: number; error: string }>();

  constructor(table: readonly ImageEntry[], limits: Backoff) {
    this.#table = table;
    this.#limits = limits;
  }

  async ensure(podUid: string, container: Container, tell: Tell, signal: AbortSignal): Promise<Pulled> {
    const name = container.image;
    if (!validReference.test(name)) {
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`;
      tell('Warning', 'InspectFailed', message);
      tell('Warning', 'Failed', 'Error: InvalidImageName');
      return { reason: 'InvalidImageName', message, retryAt: Date.now() + this.#limits.initialMs };
    }
    const entry = findImage(this.#table, name);
    const isPresent = entry !== undefined && (entry.pullMs === undefined || this.#present.has(name));
    const policy = container.imagePullPolicy ?? (/:(?!latest$)[^/:]+$|@/.test(name) ? 'IfNotPresent' : 'Always');
    if (policy !== 'Always' && isPresent) {
      tell('Normal', 'Pulled', `Container image "${name}" already present on machine and can be accessed by the pod`);
      return { image: entry };
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      tell('Warning', 'ErrImageNeverPull', message);
      tell('Warning', 'Failed', 'Error: ErrImageNeverPull');
      return { reason: 'ErrImageNeverPull', message, retryAt: Date.now() + this.#limits.initialMs };
    }
    return await this.#pull(`${podUid}_${name}`, name, entry, tell, signal);
  }

  forget(podUid: string): void {
    for (const key of this.#delays.keys()) if (key.startsWith(`${podUid}_`)) this.#delays.delete(key);
  }

  async #pull(
    key: string,
    name: string,
    entry: ImageEntry | undefined,
    tell: Tell,
    signal: AbortSignal,
  ): Promise<Pulled> {
    const known = this.#delays.get(key);
    const waitUntil = known?.delay.waitUntil(known.failedAt, Date.now()) ?? 0;
    if (known && waitUntil > 0) {
      tell('Normal', 'BackOff', `Back-off pulling image "${name}"`);
      tell('Warning', 'Failed', 'Error: ImagePullBackOff');
      return {
        reason: 'ImagePullBackOff',
        message: `Back-off pulling image "${name}": ErrImagePull: ${known.error}`,
        retryAt: waitUntil,
      };
    }
    tell('Normal', 'Pulling', `Pulling image "${name}"`);
    const startedAt = Date.now();
    if (entry) {
      await sleep(entry.pullMs ?? 0, undefined, { signal });
      this.#present.add(name);
      const took = goDuration(Date.now() - startedAt);
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image "${name}" in ${took} (${took} including waiting). Image size: 0 bytes.`,
      );
      return { image: entry };
    }
    const error = `failed to pull and unpack image "${qualified(name)}": failed to resolve reference "${qualified(name)}": ${qualified(name)}: not found`;
    const message = `Failed to pull image "${name}": rpc error: code = NotFound desc = ${error}`;
    tell('Warning', 'Failed', message);
    tell('Warning', 'Failed', 'Error: ErrImagePull');
    const delay = known?.delay ?? new RetryDelay(this.#limits);
    delay.next(Date.now(), Date.now());
    this.#delays.set(key, { delay, failedAt: Date.now(), error: `rpc error: code = NotFound desc = ${error}` });
    // The kubelet comes back soon and then says ImagePullBackOff.
    return {
      reason: 'ErrImagePull',
      message: `rpc error: code = NotFound desc = ${error}`,
      retryAt: Date.now() + Math.min(1_000, this.#limits.initialMs / 2),
    };
  }
}

function qualified(name: string): string {
  const tagged = /[:@][^/]+$/.test(name) ? name : `${name}:latest`;
  const [first = '', ...rest] = tagged.split('/');
  if (rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')) return tagged;
  return rest.length > 0 ? `docker.io/${tagged}` : `docker.io/library/${tagged}`;
}

/** The command line: `command` replaces the entrypoint and drops the image's own arguments, `args` replaces those alone. */
export function commandLine(image: ImageEntry, command: readonly string[], args: readonly string[]): readonly string[] {
  const isOwnCommand = command.length > 0 && !image.ignoreCommand;
  const given = image.ignoreArgs ? [] : args;
  if (isOwnCommand) return [...command, ...given];
  return [...image.entrypoint, ...(given.length > 0 ? given : (image.cmd ?? []))];
}
