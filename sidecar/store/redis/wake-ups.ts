// What other replicas tell through Redis: work has come, a running request was canceled, a request changed, its stream grew.
// Messages can be lost while the connection is down, so that everything is announced (spuriously) once it is back;
// whoever depends on a message also looks by himself now and then.
import { randomId } from '../../../runtime/random-id.ts';
import { type ListenerFailed, Listeners, ListenersById } from '../listeners.ts';
import type { RedisClient } from './connection.ts';

export class WakeUps {
  readonly work: Listeners<void>;
  readonly canceled: Listeners<string>;
  readonly deliveries: Listeners<void>;
  readonly #changes: ListenersById;
  readonly #streams: ListenersById;
  /** Names this replica in what it tells of work: it knows already. */
  readonly sender = randomId();
  readonly #client: RedisClient;
  readonly #prefix: string;
  /** Once somebody waits for a change the subscription stays: it costs less than to come and go with each of them. */
  #wantsChanges = false;

  constructor(client: RedisClient, keyPrefix: string, failed: ListenerFailed) {
    this.work = new Listeners(failed);
    this.canceled = new Listeners(failed);
    this.deliveries = new Listeners(failed);
    this.#changes = new ListenersById(failed);
    this.#streams = new ListenersById(failed);
    this.#client = client;
    this.#prefix = keyPrefix;
    client.on('message', (channel: string, message: string) => this.#hear(channel, message));
    client.on('ready', () => this.#send(this.listen()));
    // Told by the connection that makes the steps; here it only means that nothing is heard for a while.
    client.on('error', () => undefined);
  }

  /** The state of a request. All changes come on one channel, in one message for many requests. */
  onChange(id: string, listener: () => void): () => void {
    if (!this.#wantsChanges) {
      this.#wantsChanges = true;
      this.#send(this.#client.subscribe(this.#allChanges).then(() => this.#changes.notifyAll()));
    }
    return this.#changes.add(id, listener);
  }

  /** Its recorded stream. Each has a channel of its own: streams grow often, and few are followed. */
  onStream(id: string, listener: () => void): () => void {
    const channel = this.#channelOf(id);
    return this.#streams.add(
      id,
      listener,
      () => this.#send(this.#client.subscribe(channel).then(() => this.#streams.notify(id))),
      () => this.#send(this.#client.unsubscribe(channel)),
    );
  }

  get #allChanges(): string {
    return `${this.#prefix}:changes`;
  }

  #channelOf(id: string): string {
    return `${this.#prefix}:c:${id}`;
  }

  /** To all that is of interest, once more for each connection. Rejects where Redis does not let us. */
  async listen(): Promise<void> {
    const channels = [':work', ':cancel', ':hooks!'].map((end) => `${this.#prefix}${end}`);
    for (const id of this.#streams.ids()) channels.push(this.#channelOf(id));
    if (this.#wantsChanges) channels.push(this.#allChanges);
    await this.#client.subscribe(...channels);
    this.#announceAll();
  }

  #announceAll(): void {
    this.work.notify();
    this.deliveries.notify();
    this.#changes.notifyAll();
    this.#streams.notifyAll();
  }

  #hear(channel: string, message: string): void {
    const end = channel.slice(this.#prefix.length);
    if (end === ':work') {
      if (message !== this.sender) this.work.notify();
    } else if (end === ':cancel') this.canceled.notify(message);
    else if (end === ':hooks!') this.deliveries.notify();
    else if (end === ':changes') this.#hearChanges(message);
    else if (end.startsWith(':c:')) this.#streams.notify(end.slice(':c:'.length));
  }

  #hearChanges(ids: string): void {
    if (this.#changes.size === 0) return;
    for (const id of ids.split(' ')) this.#changes.notify(id);
  }

  /** A subscription that fails is made again when the connection is ready. */
  #send(subscribing: Promise<unknown>): void {
    subscribing.catch(() => undefined);
  }
}
