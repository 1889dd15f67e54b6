// HTTP by hand over a socket: what no well-behaved client would send, and every byte that comes back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.ts';

export class RawConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;
  error: Error | undefined;

  private constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('end', () => this.socket.end());
    this.socket.on('close', () => {
      this.#isClosed = true;
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection(port);
    await once(connection.socket, 'connect');
    return connection;
  }

  /** Lines are joined with CR LF; an empty line ends the head. */
  send(...lines: readonly string[]): this {
    return this.write(lines.join('\r\n'));
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  get text(): string {
    return this.#received.toString('latin1');
  }

  get bytes(): Buffer {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Forgets what came so far. */
  clear(): void {
    this.#received = Buffer.alloc(0);
  }

  /** Resolves with what came so far once it contains the text. */
  until(part: string | RegExp): Promise<string> {
    return eventually(() => {
      const isThere = typeof part === 'string' ? this.text.includes(part) : part.test(this.text);
      if (!isThere) throw new Error(`no ${part} in ${JSON.stringify(this.text)}`);
      return this.text;
    });
  }

  /** Resolves with all that came, once the other side has closed. */
  async untilClosed(): Promise<string> {
    await eventually(() => {
      if (!this.#isClosed) throw new Error(`still open after ${JSON.stringify(this.text)}`);
    });
    return this.text;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** An async request whose body stops in the middle: resolves with what it was told when it was given up for its silence. */
export async function silentBody(port: number): Promise<string> {
  const connection = await RawConnection.open(port);
  connection.send('POST /echo HTTP/1.1', 'Host: a', 'Prefer: respond-async', 'Content-Length: 10', '', 'half');
  return connection.untilClosed();
}
