// What other replicas tell through Redis: work has come, a running request was canceled, a request changed.
// Messages can be lost while the connection is down, so that everything is announced (spuriously) once it is back;
// whoever depends on a message also looks by himself now and then.
import { randomId } from '../../../runtime/random-id.ts';
import { Listeners, ListenersById } from '../listeners.ts';
import type { RedisClient } from './connection.ts';

export class WakeUps {
  readonly work = new Listeners<void>();
  readonly canceled = new Listeners<string>();
  readonly deliveries = new Listeners<void>();
  readonly #changes = new ListenersById();
  /** Names this replica in what it tells of work: it knows already. */
  readonly sender = randomId();
  readonly #client: RedisClient;
  readonly #prefix: string;

  constructor(client: RedisClient, keyPrefix: string) {
    this.#client = client;
    this.#prefix = keyPrefix;
    client.on('message', (channel: string, message: string) => this.#hear(channel, message));
    client.on('ready', () => this.#listenAgain());
    // Told by the connection that makes the steps; here it only means that nothing is heard for a while.
    client.on('error', () => undefined);
  }

  /** Changes of state come in one message for many requests, which only those listen to who wait for one; streams have a channel each. */
  onChange(id: string, listener: () => void): () => void {
    const channel = this.#channelOf(id);
    return this.#changes.add(
      id,
      listener,
      () => this.#send(this.#client.subscribe(channel, this.#allChanges).then(() => this.#changes.notify(id))),
      () => this.#send(this.#client.unsubscribe(channel, ...(this.#changes.size === 0 ? [this.#allChanges] : []))),
    );
  }

  get #allChanges(): string {
    return `${this.#prefix}:changes`;
  }

  #channelOf(id: string): string {
    return `${this.#prefix}:c:${id}`;
  }

  #listenAgain(): void {
    const channels = [':work', ':cancel', ':hooks!'].map((end) => `${this.#prefix}${end}`);
    for (const id of this.#changes.ids()) channels.push(this.#channelOf(id));
    if (this.#changes.size > 0) channels.push(this.#allChanges);
    this.#send(this.#client.subscribe(...channels).then(() => this.#announceAll()));
  }

  #announceAll(): void {
    this.work.notify();
    this.deliveries.notify();
    for (const id of this.#changes.ids()) this.#changes.notify(id);
  }

  #hear(channel: string, message: string): void {
    const end = channel.slice(this.#prefix.length);
    if (end === ':work') {
      if (message !== this.sender) this.work.notify();
    } else if (end === ':cancel') this.canceled.notify(message);
    else if (end === ':hooks!') this.deliveries.notify();
    else if (end === ':changes') for (const id of message.split(' ')) this.#changes.notify(id);
    else if (end.startsWith(':c:')) this.#changes.notify(end.slice(':c:'.length));
  }

  /** A subscription that fails is made again when the connection is ready. */
  #send(subscribing: Promise<unknown>): void {
    subscribing.catch(() => undefined);
  }
}
